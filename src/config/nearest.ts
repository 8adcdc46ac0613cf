import { distance } from "fastest-levenshtein"

/**
 * The name that was probably meant: at most a third of its letters differ, and three at most. None where two are
 * equally near, for a guess between `2021.2` and `2021.3` is no help.
 */
export function nearest(written: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  let tied = false
  for (const name of names) {
    const length = Math.max(written.length, name.length)
    const bound = length < 3 ? 0 : Math.min(3, Math.ceil(length / 3))
    const far = distance(written.toLowerCase(), name.toLowerCase())
    if (far > bound || far > least) continue
    tied = far === least
    least = far
    best = name
  }
  return tied ? undefined : best
}

/** A hint: the nearest name, else the first ones there are. */
export function meant(written: string, names: readonly string[]): string | undefined {
  const near = nearest(written, names)
  if (near !== undefined) return `Did you mean \`${near}\`?`
  const [only, second] = names
  if (only === undefined) return undefined
  if (second === undefined) return `There is only \`${only}\``
  const shown = names.slice(0, 12).map((name) => `\`${name}\``)
  return `There are ${shown.join(", ")}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ""}`
}
