import type { Problem } from "../../threads/problem.ts"
import type { Bound } from "./bounded-scan.ts"
import type { LayerFacts } from "./layer-facts.ts"

/** What a thread is told: a layer begins, its bytes as they are stored, its end. One layer after the other. */
export type FactsRequest =
  | {
      readonly kind: "begin"
      /** Which layer it is, as answers name it. */
      readonly id: number
      readonly what: string
      readonly size: number
      readonly bound: Bound | undefined
    }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }

/** What it answers of a layer: `more` for each piece of bytes that it is done with; then what the layer says, or why not. */
export type FactsAnswer = { readonly id: number } & FactsSaid

export type FactsSaid = { readonly kind: "more" } | { readonly kind: "facts"; readonly facts: LayerFacts } | Problem
