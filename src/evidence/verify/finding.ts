import { isFailure } from "../../failure.ts"

/** What was looked at. */
export type Subject = "image" | "evidence" | "inventory" | "recipe" | "provenance" | "sbom" | "checks" | "signature"

/**
 * What verifying came to, for one thing: `ok`, `bad`, or `note` for what is there or not there without mattering.
 */
export type Finding = { readonly what: Subject; readonly status: "ok" | "bad" | "note"; readonly says: string }

export function ok(what: Subject, says: string): Finding {
  return { what, status: "ok", says }
}

export function bad(what: Subject, says: string): Finding {
  return { what, status: "bad", says }
}

export function note(what: Subject, says: string): Finding {
  return { what, status: "note", says }
}

/** What a failure says of the thing itself. One that says nothing of it is thrown on: a registry that is away, a login. */
export function sentenceOf(error: unknown): string {
  if (isFailure(error) && error.code !== "temporary" && error.code !== "credentials") return error.message
  throw error
}
