import type { Problem } from "../../threads/problem.ts"
import type { Target } from "../wheel/target.ts"
import type { SourceFile } from "./frames.ts"

/** What the thread is asked for. `output` must not exist yet. */
export type SourceRequest = {
  readonly id: number
  readonly file: string
  readonly filename: string
  readonly target: Target
  readonly output: string
}

/** What it says; failures travel as plain data. */
export type SourceAnswer = { readonly id: number } & (
  | { readonly kind: "written"; readonly sources: readonly SourceFile[] }
  | Problem
)
