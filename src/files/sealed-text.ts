import { createHash } from "node:crypto"

/** A text behind a line with its SHA-256: what a power cut leaves of it does not match that. */
export function sealed(text: string): string {
  return `${hashOf(text)}\n${text}`
}

/** The text of what `sealed` made; undefined if it is not whole. */
export function unsealed(whole: string): string | undefined {
  const newline = whole.indexOf("\n")
  const text = whole.slice(newline + 1)
  return newline === -1 || whole.slice(0, newline) !== hashOf(text) ? undefined : text
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}
