import { settleProblems } from "../config/judge.ts"
import { problemFailure } from "../config/print.ts"
import type { Config, Row } from "../config/row.ts"
import { Failure } from "../failure.ts"
import type { FolderView } from "../files/folder-view.ts"
import type { ViewHost } from "../files/open-view.ts"
import type { Lock } from "../lock/lock.ts"
import { lockNeeds } from "../lock/needs.ts"
import { missingFrom } from "../lock/update.ts"
import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import type { CheckSpec } from "../tree/checks.ts"
import { mergeChecks } from "./merge-checks.ts"
import { resolveRows, rowsUsed } from "./resolve-rows.ts"
import type { Image, Parent, RowId, Tree } from "../tree/tree.ts"

export type ResolveOptions = Pick<ViewHost, "files"> & {
  /** Of the tree's folder. */
  readonly view: FolderView
}

/**
 * Resolves the rows of a configuration into a tree: from files alone, each looked at once. Fails with `cannot` and all
 * problems at once, or when the lock lacks something. The caller saves the view.
 */
export async function resolveTree(config: Config, lock: Lock, { view, files }: ResolveOptions): Promise<Tree> {
  const { analyses, steps, notebooks, ordered, sources, places, problems } = await resolveRows(config, lock, view)
  if (problems.length > 0) throw await problemFailure(settleProblems(problems), { folder: config.folder, files })
  refuseMissing(missingFrom(lockNeeds(config, analyses), lock))
  const checks = new Map<RowId, CheckSpec>()
  const images: Image[] = []
  for (const row of ordered) {
    const inherited = row.parent.kind === "row" ? checks.get(row.parent.id) : undefined
    const merged = mergeChecks(row.checks, inherited, notebooks.get(row.id) ?? { own: [], later: {} })
    checks.set(row.id, merged)
    images.push(imageOf(row, { lock, steps: steps.get(row.id) ?? {}, checks: merged }))
  }
  const { folder, registry, state, tags, tagging, sboms, trust, secrets, skipped } = config
  return {
    version: 1,
    folder,
    registry,
    state,
    tags,
    tagging,
    sboms,
    trust,
    secrets,
    images,
    skipped: skipped.map(({ id, reason }) => ({ image: id, reason })),
    sources,
    places,
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
    uses: rowsUsed(steps),
    platforms,
    steps,
    checks,
    budget,
    publish,
    axes,
    ...(row.consumers === undefined ? {} : { consumers: row.consumers }),
  }
}

function parentOf({ parent, platforms }: Row, lock: Lock): Parent {
  if (parent.kind === "none") return parent
  if (parent.kind === "row") return { kind: "image", id: parent.id }
  const all = lock.images[parent.reference] ?? {}
  const locked = Object.fromEntries(platforms.map((platform) => [platform, all[platform]])) as Record<Platform, Digest>
  return { kind: "external", reference: parent.reference, locked }
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
