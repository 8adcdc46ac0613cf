import type { Config, Row } from "../../config/row.ts"
import { selectNamed, type Selection } from "../../plan/select.ts"

/** The rows of a selection, with what they are built on, as `selectRows` chooses them from a tree. */
export function chooseRows(config: Config, selection: Selection): readonly Row[] {
  const nodes = config.rows.map(({ id, parent }) => ({ id, bases: parent.kind === "row" ? [parent.id] : [] }))
  const skipped = config.skipped.map(({ id, reason }) => ({ image: id, reason }))
  const chosen = selectNamed({ nodes, skipped }, selection)
  return config.rows.filter(({ id }) => chosen.has(id))
}
