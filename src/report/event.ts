import type { Platform } from "../oci/platform.ts"

/** What a row is going through, in the order in which it does. */
export type Phase = "fetch" | "compile" | "build" | "graft" | "unpack" | "check" | "push" | "tag"

export type Outcome = "built" | "reused" | "passed" | "failed" | "skipped" | "pushed" | "tagged"

/** A row on a platform: `image` is the row's name. */
export type Subject = { readonly image: string; readonly platform: Platform }

/** What happens while something long runs. Reporters listen; nobody answers. */
export type Event =
  | (Subject & { readonly kind: "started"; readonly phase: Phase })
  | (Subject & {
      readonly kind: "progress"
      readonly phase: Phase
      readonly done: number
      readonly total?: number
      readonly unit: "bytes" | "items"
    })
  /** A line of an engine's or a check's own output, without its newline. */
  | (Subject & { readonly kind: "output"; readonly phase: Phase; readonly line: string })
  | (Subject & {
      readonly kind: "finished"
      readonly phase: Phase
      readonly outcome: Outcome
      readonly milliseconds: number
      readonly bytes?: number
      readonly detail?: string
    })
  /** Something about the whole that people should know. */
  | { readonly kind: "note"; readonly level: "info" | "warning"; readonly text: string }

export type Report = (event: Event) => void
