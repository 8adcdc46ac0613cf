import type { Digest } from "../../oci/digest.ts"
import type { FailureCode } from "../../failure.ts"
import type { Target } from "../wheel/target.ts"
import type { LayerRequest } from "./join.ts"
import type { WrittenLayer } from "./layer-writer.ts"
import type { Segment } from "./summary.ts"

/** What a worker thread is asked to do. */
export type WorkerRequest =
  | { readonly kind: "summarise"; readonly file: string; readonly filename: string; readonly target: Target }
  | { readonly kind: "hash"; readonly file: string }
  /** `output` must not exist yet. */
  | { readonly kind: "join"; readonly layer: LayerRequest; readonly output: string }

/** What it says; failures travel as plain data. */
export type WorkerAnswer = {
  readonly id: number
  readonly value:
    | { readonly kind: "summarised"; readonly segment: Segment }
    | { readonly kind: "hashed"; readonly digest: Digest }
    | { readonly kind: "joined"; readonly layer: WrittenLayer }
    | {
        readonly kind: "failure"
        readonly code: FailureCode
        readonly sentence: string
        readonly hint: string | undefined
        readonly detail: string | undefined
      }
    | { readonly kind: "bug"; readonly message: string }
}
