import { maximumLine } from "./expand.ts"
import { compareText, type Judge } from "./judge.ts"
import type { Draft } from "./overrides.ts"

/**
 * Rows in the order of building: parents before children, as deep as their longest line of parents, then by id.
 * Overrides can make a cycle of rows; it is judged, and its rows are left out with all that is built on them.
 */
export function orderRows(drafts: readonly Draft[], judge: Judge): readonly Draft[] {
  const byId = new Map(drafts.map((draft) => [draft.id, draft]))
  const depths = new Map<string, number | undefined>()
  const depthOf = (start: Draft): number | undefined => {
    const line: Draft[] = []
    let here: Draft | undefined = start
    while (here !== undefined && !depths.has(here.id)) {
      if (line.includes(here)) {
        judgeCycle(line.slice(line.indexOf(here)), judge)
        for (const { id } of line) depths.set(id, undefined)
        return undefined
      }
      line.push(here)
      here = here.parent?.kind === "row" ? byId.get(here.parent.id) : undefined
    }
    let depth = here === undefined ? -1 : depths.get(here.id)
    for (const { id } of line.toReversed()) {
      depth = depth === undefined ? undefined : depth + 1
      depths.set(id, depth)
    }
    return depths.get(start.id)
  }
  return drafts
    .flatMap((draft) => {
      const depth = depthOf(draft)
      if (depth !== undefined && depth > maximumLine)
        judge(draft.at, {
          rule: "too-deep",
          message: `\`${draft.id}\` is built on more than ${maximumLine} others, which no engine can do`,
        })
      return depth === undefined ? [] : [{ draft, depth }]
    })
    .sort((a, b) => a.depth - b.depth || compareText(a.draft.id, b.draft.id))
    .map(({ draft }) => draft)
}

function judgeCycle(cycle: readonly Draft[], judge: Judge): void {
  const start = cycle.reduce((least, { id }, index) => (compareText(id, cycle[least]?.id ?? "") < 0 ? index : least), 0)
  const turned = [...cycle.slice(start), ...cycle.slice(0, start)]
  const [first] = turned
  if (first === undefined) return
  const path = [...turned, first].map(({ id }) => id).join(" → ")
  judge(first.at, { rule: "cycle", message: `these rows are built on each other: ${path}` })
}
