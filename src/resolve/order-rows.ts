import type { Position, Problem, Row } from "../config/row.ts"
import type { RowId } from "../tree/tree.ts"

/** Rows that each row copies from, and where it says so. */
export type RowUses = ReadonlyMap<RowId, readonly { readonly id: RowId; readonly at: Position }[]>

/** Rows with all that they are made from before them, else in their order. A circle is a problem that names its path. */
export function orderRows(
  rows: readonly Row[],
  uses: RowUses,
): { readonly rows: readonly Row[]; readonly problems: readonly Problem[] } {
  const byId = new Map(rows.map((row) => [row.id, row]))
  const done = new Set<RowId>()
  const ordered: Row[] = []
  const problems: Problem[] = []
  const visit = (row: Row, path: readonly RowId[]): void => {
    if (done.has(row.id)) return
    const below = [
      ...(row.parent.kind === "row" ? [{ id: row.parent.id, at: row.at }] : []),
      ...(uses.get(row.id) ?? []),
    ]
    for (const { id, at } of below) {
      const other = byId.get(id)
      const circle = [...path, row.id]
      if (circle.includes(id)) {
        const message = `rows go in a circle: ${[...circle.slice(circle.indexOf(id)), id].join(" → ")}`
        problems.push({ at, rule: "circle", message })
      } else if (other !== undefined) visit(other, circle)
    }
    if (done.has(row.id)) return
    done.add(row.id)
    ordered.push(row)
  }
  for (const row of rows) visit(row, [])
  return { rows: ordered, problems }
}
