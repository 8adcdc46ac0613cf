import { closest, distance } from "fastest-levenshtein"

/** The name that was probably meant: at most a third of its letters differ, and three at most. */
export function nearest(written: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined
  const near = closest(written, names)
  const bound = Math.min(3, Math.ceil(Math.max(written.length, near.length) / 3))
  return distance(written.toLowerCase(), near.toLowerCase()) <= bound ? near : undefined
}

/** A hint: the nearest name, else the first ones there are. */
export function meant(written: string, names: readonly string[]): string | undefined {
  const near = nearest(written, names)
  if (near !== undefined) return `Did you mean \`${near}\`?`
  if (names.length === 0) return undefined
  const shown = names.slice(0, 12).map((name) => `\`${name}\``)
  return `There is ${shown.join(", ")}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ""}`
}
