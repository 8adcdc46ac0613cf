import type { Config, Problem, Row } from "../config/row.ts"
import type { FolderView } from "../files/folder-view.ts"
import type { Lock } from "../lock/lock.ts"
import { rowFinder, type Analyses } from "../lock/needs.ts"
import type { Platform } from "../oci/platform.ts"
import { parallel } from "../parallel.ts"
import type { Step, StepPlaces } from "../tree/step.ts"
import type { RowId } from "../tree/tree.ts"
import { analyseRows } from "./analyse-rows.ts"
import type { Content } from "./content.ts"
import { findNotebooks } from "./find-notebooks.ts"
import type { FoundNotebooks } from "./merge-checks.ts"
import { orderRows, type RowUses } from "./order-rows.ts"
import { rowSteps, type StepsInput } from "./row-steps.ts"

/** Rows that are resolved at once: most of it is waiting for the disk. */
const together = 32

export type RowSteps = Readonly<Record<Platform, readonly Step[]>>

/** What the files of all rows say, and everything that is wrong with them. */
export type ResolvedRows = {
  readonly analyses: Analyses
  readonly steps: ReadonlyMap<RowId, RowSteps>
  readonly notebooks: ReadonlyMap<RowId, FoundNotebooks>
  /** Rows with all that they are made from before them. */
  readonly ordered: readonly Row[]
  /** sha256 → path relative to the folder. */
  readonly sources: ReadonlyMap<string, string>
  /** Where the files of each step are. */
  readonly places: ReadonlyMap<Step, StepPlaces>
  /** In no order, and as often as rows have them. */
  readonly problems: readonly Problem[]
}

/** Looks at all files that rows name. What the lock lacks is left out of the steps: that is not judged here. */
export async function resolveRows(config: Config, lock: Lock, view: FolderView): Promise<ResolvedRows> {
  const content: Content = { view, sources: new Map(), places: new Map(), problems: [] }
  const { analyses, problems } = await analyseRows(config, view)
  const shared: StepsInput["shared"] = { ignores: new Map(), contexts: new Map(), environments: new Map() }
  const find = rowFinder(config)
  const steps = new Map<RowId, RowSteps>()
  const notebooks = new Map<RowId, FoundNotebooks>()
  await parallel(config.rows, together, async (row) => {
    steps.set(row.id, await rowSteps(content, { row, lock, find, analyses: analyses.get(row.id), shared }))
    notebooks.set(row.id, await findNotebooks(content, row.checks))
  })
  const ordered = orderRows(config.rows, usesOf(config.rows, steps))
  return {
    analyses,
    steps,
    notebooks,
    ordered: ordered.rows,
    sources: content.sources,
    places: content.places,
    problems: [...problems, ...content.problems, ...ordered.problems],
  }
}

/** Rows that the steps of a row copy from, in order, each once. */
export function rowsUsed(steps: RowSteps): readonly RowId[] {
  const all = Object.values(steps).flat()
  return [...new Set(all.flatMap((step) => (step.kind === "dockerfile" ? Object.values(step.rows) : [])))].sort()
}

function usesOf(rows: readonly Row[], steps: ReadonlyMap<RowId, RowSteps>): RowUses {
  return new Map(
    rows.flatMap(({ id, make }) => {
      if (make.kind !== "dockerfile") return []
      const used = rowsUsed(steps.get(id) ?? {})
      return used.length === 0 ? [] : [[id, used.map((other) => ({ id: other, at: make.file.at }))] as const]
    }),
  )
}
