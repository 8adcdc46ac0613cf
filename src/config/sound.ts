import type { Facts, JudgedRow } from "./judged-tree.ts"
import type { Row } from "./row.ts"

/**
 * Rows of a file that has problems, as far as their own files can still be judged: each name once, and made from
 * nothing where a problem has been said about how it is made.
 */
export function soundRows(
  rows: readonly JudgedRow[],
  { facts, touched }: { facts: Facts; touched: ReadonlySet<string> },
): readonly Row[] {
  const byId = new Map<string, Row>()
  for (const { row, skip, unsure } of rows) {
    if (skip !== undefined || byId.has(row.id)) continue
    const known = isMade(row, facts) && (row.make.kind !== "dockerfile" || (!unsure && !touched.has(row.key)))
    byId.set(row.id, known ? row : { ...row, make: { kind: "none" } })
  }
  return [...byId.values()]
}

function isMade({ id, make }: Row, { kinds, bases }: Facts): boolean {
  if (make.kind === "environment") return make.folders.every(({ value }) => kinds.get(value) === "directory")
  if (make.kind !== "dockerfile") return true
  return kinds.get(make.context) === "directory" && bases.has(id)
}
