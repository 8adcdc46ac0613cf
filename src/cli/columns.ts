import stringWidth from "string-width"

/** Lines of left-aligned columns, two spaces apart; the last one is as long as it is. */
export function columns(rows: readonly (readonly string[])[], indent: string = ""): readonly string[] {
  const count = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, at) => Math.max(0, ...rows.map((row) => stringWidth(row[at] ?? ""))))
  return rows.map((row) =>
    `${indent}${row.map((cell, at) => (at === row.length - 1 ? cell : cell + " ".repeat((widths[at] ?? 0) - stringWidth(cell)))).join("  ")}`.trimEnd(),
  )
}

/** Text broken at spaces to a width; further lines are indented. */
export function wrap(text: string, width: number, indent: string = ""): readonly string[] {
  const lines: string[] = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line !== "" && stringWidth(line) + 1 + stringWidth(word) > width) {
      lines.push(line)
      line = indent + word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line]
}
