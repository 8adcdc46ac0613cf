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

/** A text that stays in its line: what images say of themselves may have others in it. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s*[\n\r\v\f\u0085\u2028\u2029]\s*/g, " ")
}

/** Lines of left-aligned columns, two spaces apart; the last one is as long as it is. */
export function columns(written: readonly (readonly string[])[], indent: string = ""): readonly string[] {
  const rows = written.map((row) => row.map(oneLine))
  const widths: number[] = []
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, width(cell))
  return rows.map((row) =>
    `${indent}${row.map((cell, at) => (at === row.length - 1 ? cell : cell + " ".repeat((widths[at] ?? 0) - width(cell)))).join("  ")}`.trimEnd(),
  )
}
