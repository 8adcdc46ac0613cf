import { problemFailure } from "../config/print.ts"
import type { Config, Problem, Row } from "../config/row.ts"
import { Failure } from "../failure.ts"
import type { FolderView } from "../files/folder-view.ts"
import type { ViewHost } from "../files/open-view.ts"
import type { Lock } from "../lock/lock.ts"
import { lockNeeds, rowFinder } from "../lock/needs.ts"
import { missingFrom } from "../lock/update.ts"
import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import { parallel } from "../parallel.ts"
import { analyseRows } from "./analyse-rows.ts"
import type { CheckSpec } from "../tree/checks.ts"
import type { Content } from "./content.ts"
import { findNotebooks } from "./find-notebooks.ts"
import { mergeChecks } from "./merge-checks.ts"
import { orderRows, type RowUses } from "./order-rows.ts"
import { rowSteps, type StepsInput } from "./row-steps.ts"
import type { Step } from "../tree/step.ts"
import type { Image, Parent, RowId, Tree } from "../tree/tree.ts"

/** Rows that are resolved at once: most of it is waiting for the disk. */
const together = 32

export type ResolveOptions = Pick<ViewHost, "files"> & {
  /** Of the tree's folder. */
  readonly view: FolderView
}

/**
 * Resolves the rows of a configuration into a tree: from files alone, each looked at once. Fails with `cannot` and all
 * problems at once, or when the lock lacks something. The caller saves the view.
 */
export async function resolveTree(config: Config, lock: Lock, { view, files }: ResolveOptions): Promise<Tree> {
  const content: Content = { view, sources: new Map(), problems: [] }
  const { analyses, problems } = await analyseRows(config, view)
  content.problems.push(...problems)
  const shared: StepsInput["shared"] = { ignores: new Map(), contexts: new Map(), environments: new Map() }
  const find = rowFinder(config)
  const steps = new Map<RowId, Readonly<Record<Platform, readonly Step[]>>>()
  const notebooks = new Map<RowId, Awaited<ReturnType<typeof findNotebooks>>>()
  await parallel(config.rows, together, async (row) => {
    steps.set(row.id, await rowSteps(content, { row, lock, find, analyses: analyses.get(row.id), shared }))
    notebooks.set(row.id, await findNotebooks(content, row.checks))
  })
  const ordered = orderRows(config.rows, usesOf(config.rows, steps))
  content.problems.push(...ordered.problems)
  if (content.problems.length > 0)
    throw await problemFailure(settle(content.problems), { folder: config.folder, files })
  refuseMissing(missingFrom(lockNeeds(config, analyses), lock))
  const checks = new Map<RowId, CheckSpec>()
  const images: Image[] = []
  for (const row of ordered.rows) {
    const inherited = row.parent.kind === "row" ? checks.get(row.parent.id) : undefined
    const merged = mergeChecks(row.checks, inherited, notebooks.get(row.id) ?? { own: [], later: {} })
    checks.set(row.id, merged)
    images.push(imageOf(row, { lock, steps: steps.get(row.id) ?? {}, checks: merged }))
  }
  const { folder, registry, state, tags, tagging, secrets, skipped } = config
  return {
    version: 1,
    folder,
    registry,
    state,
    tags,
    tagging,
    secrets,
    images,
    skipped: skipped.map(({ id, reason }) => ({ image: id, reason })),
    sources: content.sources,
  }
}

type Resolved = Pick<Image, "steps" | "checks"> & { readonly lock: Lock }

function imageOf(row: Row, { lock, steps, checks }: Resolved): Image {
  const { id, repository, prefix, platforms, budget, publish, axes } = row
  return {
    id,
    repository,
    prefix,
    parent: parentOf(row, lock),
    uses: [...new Set(Object.values(steps).flat().flatMap(rowsOf))].sort(),
    platforms,
    steps,
    checks,
    budget: { layer: budget.layer, layers: budget.layers, image: budget.image },
    publish,
    axes,
  }
}

function parentOf({ parent, platforms }: Row, lock: Lock): Parent {
  if (parent.kind === "none") return parent
  if (parent.kind === "row") return { kind: "image", id: parent.id }
  const all = lock.images[parent.reference] ?? {}
  const locked = Object.fromEntries(platforms.map((platform) => [platform, all[platform]])) as Record<Platform, Digest>
  return { kind: "external", reference: parent.reference, locked }
}

function rowsOf(step: Step): readonly RowId[] {
  return step.kind === "dockerfile" ? Object.values(step.rows) : []
}

function usesOf(rows: readonly Row[], steps: ReadonlyMap<RowId, Readonly<Record<Platform, readonly Step[]>>>): RowUses {
  return new Map(
    rows.flatMap(({ id, make }) => {
      if (make.kind !== "dockerfile") return []
      const used = [
        ...new Set(
          Object.values(steps.get(id) ?? {})
            .flat()
            .flatMap(rowsOf),
        ),
      ].sort()
      return used.length === 0 ? [] : [[id, used.map((other) => ({ id: other, at: make.file.at }))] as const]
    }),
  )
}

/** Rows that share a file share its problems: each is told once, in the order of files and lines. */
function settle(problems: readonly Problem[]): readonly Problem[] {
  const unique = new Map(problems.map((one) => [JSON.stringify([one.at, one.rule, one.message]), one]))
  return [...unique.values()].sort(
    (a, b) =>
      compare(a.at.file, b.at.file) ||
      a.at.line - b.at.line ||
      a.at.column - b.at.column ||
      compare(a.message, b.message),
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const listed = 20

function refuseMissing(missing: readonly string[]): void {
  const [first] = missing
  if (first === undefined) return
  const more = missing.length - listed
  const rest = missing.length === 1 ? "" : ` and ${missing.length - 1} more`
  throw new Failure("cannot", `nbstacks.lock lacks ${first}${rest}`, {
    hint: "Run `nbstacks lock`",
    ...(missing.length === 1
      ? {}
      : { detail: [...missing.slice(0, listed), ...(more > 0 ? [`… and ${more} more`] : [])].join("\n") }),
  })
}
