import stringWidth from "string-width"

/** Lines of left-aligned columns, two spaces apart; the last one is as long as it is. */
export function columns(rows: readonly (readonly string[])[], indent: string = ""): readonly string[] {
  const count = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, at) => Math.max(0, ...rows.map((row) => stringWidth(row[at] ?? ""))))
  return rows.map((row) =>
    `${indent}${row.map((cell, at) => (at === row.length - 1 ? cell : cell + " ".repeat((widths[at] ?? 0) - stringWidth(cell)))).join("  ")}`.trimEnd(),
  )
}
