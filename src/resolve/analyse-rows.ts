import type { Config, Problem, Row } from "../config/row.ts"
import { analyse } from "../dockerfile/analyse.ts"
import type { Analysis } from "../dockerfile/analysis.ts"
import type { FolderView } from "../files/folder-view.ts"
import type { Analyses } from "../lock/needs.ts"
import type { Platform } from "../oci/platform.ts"
import type { RowId } from "../tree/tree.ts"

export type AnalysedRows = { readonly analyses: Analyses; readonly problems: readonly Problem[] }

/**
 * Understands the Dockerfiles of all rows for each of their platforms. `ONBUILD` instructions of a row wait until a
 * Dockerfile is built on it, through rows that are made otherwise.
 */
export async function analyseRows(config: Config, view: FolderView): Promise<AnalysedRows> {
  const analyses = new Map<RowId, Readonly<Record<Platform, Analysis>>>()
  const waiting = new Map<RowId, readonly string[]>()
  const known = new Map<string, Analysis>()
  const problems: Problem[] = []
  for (const row of config.rows) {
    const triggers = row.parent.kind === "row" ? (waiting.get(row.parent.id) ?? []) : []
    const { make } = row
    if (make.kind !== "dockerfile") {
      waiting.set(row.id, triggers)
      continue
    }
    const text = await view.text(make.file.value)
    if (text === undefined) {
      problems.push({ at: make.file.at, rule: "missing-dockerfile", message: `there is no ${make.file.value}` })
      continue
    }
    const own = Object.fromEntries(
      row.platforms.map((platform) => [platform, once(known, text, { row, platform, triggers })]),
    ) as Readonly<Record<Platform, Analysis>>
    analyses.set(row.id, own)
    waiting.set(row.id, Object.values(own)[0]?.triggers ?? [])
    problems.push(...Object.values(own).flatMap((one) => [...one.problems, ...baseProblem(row, one)]))
  }
  return { analyses, problems }
}

type Asked = { readonly row: Row; readonly platform: Platform; readonly triggers: readonly string[] }

/** Rows often share a Dockerfile with its arguments. */
function once(known: Map<string, Analysis>, text: string, { row, platform, triggers }: Asked): Analysis {
  if (row.make.kind !== "dockerfile") throw new Error(`${row.id} has no Dockerfile`)
  const { file, args, target } = row.make
  const key = JSON.stringify([file.value, args, target, platform, triggers])
  const found = known.get(key) ?? analyse(text, { file: file.value, args, target, platform, triggers })
  known.set(key, found)
  return found
}

/** A row without a parent starts from nothing: its Dockerfile has to say so. */
function baseProblem({ id, parent, make }: Row, { finalBase, problems }: Analysis): readonly Problem[] {
  if (make.kind !== "dockerfile" || problems.length > 0) return []
  const scratch = finalBase.expanded === "scratch"
  if (scratch === (parent.kind === "none")) return []
  const at = { file: make.file.value, line: finalBase.line, column: finalBase.column }
  return scratch
    ? [{ at, rule: "from-disagrees", message: `this is built from scratch, but \`${id}\` has a parent` }]
    : [{ at, rule: "missing-from", message: `\`${id}\` needs \`from\` in nbstacks.yaml for this base` }]
}
