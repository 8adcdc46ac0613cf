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
