import { createRequire } from "node:module"
import type stringWidth from "string-width"

/** Loaded when something else than ASCII is printed: it makes patterns of all emoji, which takes 30 ms. */
const load = createRequire(import.meta.url)
let measure: typeof stringWidth | undefined

/** How many columns a text takes on a terminal. */
function width(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  measure ??= (load("string-width") as { readonly default: typeof stringWidth }).default
  return measure(text)
}

/** Lines of left-aligned columns, two spaces apart; the last one is as long as it is. */
export function columns(rows: readonly (readonly string[])[], indent: string = ""): readonly string[] {
  const count = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, at) => Math.max(0, ...rows.map((row) => width(row[at] ?? ""))))
  return rows.map((row) =>
    `${indent}${row.map((cell, at) => (at === row.length - 1 ? cell : cell + " ".repeat((widths[at] ?? 0) - width(cell)))).join("  ")}`.trimEnd(),
  )
}
