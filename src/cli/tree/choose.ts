import type { Row } from "../../config/row.ts"
import type { Loaded } from "../../resolve/load.ts"
import { selectNamed, type Selection } from "../../plan/select.ts"

/** The rows of a selection, with what they are built on, as `selectRows` chooses them from a tree. */
export function chooseRows({ config, ordered, uses }: Loaded, selection: Selection): readonly Row[] {
  const nodes = ordered.map(({ id, parent }) => ({
    id,
    bases: [...(parent.kind === "row" ? [parent.id] : []), ...(uses.get(id) ?? [])],
  }))
  const skipped = config.skipped.map(({ id, reason }) => ({ image: id, reason }))
  const chosen = selectNamed({ nodes, skipped }, selection)
  return config.rows.filter(({ id }) => chosen.has(id))
}
