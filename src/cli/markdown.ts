/** What comes from images is text and nothing else: no markup, no mention of anybody. */
export function cell(text: string): string {
  return text
    .replaceAll(/[\\`*_{}[\]<>#|!~@]/g, (mark) => (mark === "@" ? "@\u200B" : `\\${mark}`))
    .replaceAll(/\s+/g, " ")
}

/** A table of Markdown; cells are text and nothing else. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map((row) => line(row.map(cell)))]
}
