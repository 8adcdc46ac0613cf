import type { Config, Row } from "../config/row.ts"
import { readBase } from "../config/references.ts"
import type { Analysis } from "../dockerfile/analysis.ts"
import type { Platform } from "../oci/platform.ts"
import type { RowId } from "../tree/tree.ts"

/** Dockerfiles of rows, understood for each platform. */
export type Analyses = ReadonlyMap<RowId, Readonly<Record<Platform, Analysis>>>

type DebianNeed = {
  readonly suite: string
  readonly packages: readonly string[]
  readonly platforms: readonly Platform[]
}

/** What a tree needs from its lock. */
export type LockNeeds = {
  /** Reference → platforms, all sorted. */
  readonly images: ReadonlyMap<string, readonly Platform[]>
  readonly urls: readonly string[]
  readonly debian: ReadonlyMap<RowId, DebianNeed>
  /** Rows whose steps may give other bytes another day. */
  readonly unlocked: readonly RowId[]
}

/** What the rows of a tree need from the lock. Rows that Dockerfiles name need nothing: they have keys. */
export function lockNeeds(config: Config, analyses: Analyses): LockNeeds {
  const images = new Map<string, Set<Platform>>()
  const urls = new Set<string>()
  const debian = new Map<RowId, DebianNeed>()
  const unlocked: RowId[] = []
  const need = (reference: string, platform: Platform): void => {
    const platforms = images.get(reference) ?? new Set()
    images.set(reference, platforms.add(platform))
  }
  const find = rowFinder(config)
  for (const row of config.rows) {
    const { id, parent, make, platforms } = row
    if (parent.kind === "external") for (const platform of platforms) need(parent.reference, platform)
    if (make.kind === "bootstrap")
      debian.set(id, {
        suite: make.suite,
        packages: [...new Set(make.packages)].sort(),
        platforms: [...platforms].sort(),
      })
    const all = Object.values(analyses.get(id) ?? {})
    for (const { uses, urls: added } of all) {
      for (const use of uses) if (find(use.reference, row) === undefined) need(use.reference, use.platform)
      for (const { url } of added) urls.add(url)
    }
    if (all.some((one) => one.unlocked)) unlocked.push(id)
  }
  return {
    images: new Map([...images].sort(byName).map(([reference, platforms]) => [reference, [...platforms].sort()])),
    urls: [...urls].sort(),
    debian: new Map([...debian].sort(byName)),
    unlocked: unlocked.sort(),
  }
}

/** A row that a Dockerfile names, those that it may mean, or why it is not built. */
export type NamedRow = { readonly row: Row } | { readonly several: readonly Row[] } | { readonly skipped: string }

/**
 * Finds the row that `COPY --from=x` or a `FROM` of another stage means: a row's name, an image's key, or its repository
 * below the tree's registry. Of several rows of one image it is the one whose axes agree. The name of an image of this tree
 * never means one elsewhere, whatever its tag. Undefined for images elsewhere.
 */
export function rowFinder(config: Config): (reference: string, user: Row) => NamedRow | undefined {
  const byId = new Map(config.rows.map((row) => [row.id, row]))
  const reasons = new Map(config.skipped.map(({ id, reason }) => [id, reason]))
  const byKey = Map.groupBy(config.rows, ({ key }) => key)
  const byRepository = Map.groupBy(config.rows, ({ repository }) => repository)
  return (reference, user) => {
    const exact = byId.get(reference)
    if (exact !== undefined) return { row: exact }
    const skipped = reasons.get(reference)
    if (skipped !== undefined) return { skipped }
    const named = readBase(reference, config.registry)
    if (named === undefined) return undefined
    const rows = (named.qualified ? byRepository : byKey).get(named.path) ?? []
    if (rows.length === 0) return undefined
    if (named.tag !== undefined && !named.qualified) return { several: rows }
    const agreeing = rows.filter(({ axes }) =>
      Object.entries(axes).every(([axis, value]) => (user.axes[axis] ?? value) === value),
    )
    const [only, another] = agreeing.length > 0 ? agreeing : rows
    return only !== undefined && another === undefined ? { row: only } : { several: rows }
  }
}

function byName<T>([a]: readonly [string, T], [b]: readonly [string, T]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
