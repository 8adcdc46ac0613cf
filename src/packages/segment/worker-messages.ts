import type { Problem } from "../../threads/problem.ts"
import type { Target } from "../wheel/target.ts"
import type { Ahead } from "./ahead.ts"
import type { LayerRequest, SegmentRequest } from "./join.ts"
import type { Segment } from "./recipe.ts"
import type { RecipePath } from "./segment-cache.ts"
import type { WrittenLayer } from "./sink.ts"

/** A wheel on this machine, and what it has to be. */
export type WheelFile = {
  readonly file: string
  readonly filename: string
  readonly sha256: string
  /** Where the lock says that it comes from, where that is a URL: it stands in the files of the package. */
  readonly url?: string | undefined
}

/** What a worker thread is asked to do. Files that it makes are written in `temporary` first, and then renamed. */
export type WorkerRequest =
  | {
      readonly kind: "read"
      readonly wheel: WheelFile
      readonly target: Target
      /** Where the recipe is kept. */
      readonly recipe: RecipePath
      readonly temporary: string
    }
  | { readonly kind: "verify"; readonly wheel: WheelFile }
  | { readonly kind: "hash"; readonly file: string }
  /** Unpacks files of a segment for the thread that writes it. */
  | { readonly kind: "ahead"; readonly segment: SegmentRequest; readonly target: Target; readonly ahead: Ahead }
  /** `output` must not exist yet. */
  | { readonly kind: "join"; readonly layer: LayerRequest; readonly output: string; readonly temporary: string }

/** What it says; failures travel as plain data. */
export type WorkerAnswer = {
  readonly id: number
  readonly value:
    | { readonly kind: "read"; readonly segment: Segment }
    | { readonly kind: "verified" }
    /** In hexadecimal. */
    | { readonly kind: "hashed"; readonly sha256: string }
    | { readonly kind: "joined"; readonly layer: WrittenLayer }
    /** How many files were unpacked ahead. */
    | { readonly kind: "unpacked"; readonly files: number }
    /** The wheel is not what its hash says. */
    | { readonly kind: "damaged"; readonly wheel: WheelFile }
    | Problem
}
