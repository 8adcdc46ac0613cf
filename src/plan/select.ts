import { distance } from "fastest-levenshtein"
import { Failure } from "../failure.ts"
import type { Image, RowId, Tree } from "../tree/tree.ts"

export type Selection = { readonly only: readonly string[]; readonly except: readonly string[] }

/** Rows as far as choosing them needs: parents before children. */
export type Rows = {
  readonly nodes: readonly { readonly id: RowId; readonly bases: readonly RowId[] }[]
  readonly skipped: readonly { readonly image: RowId; readonly reason: string }[]
}

/** Rows that a row is made from: its parent, and those it copies files from. */
export function basesOf(image: Pick<Image, "parent" | "uses">): readonly RowId[] {
  return image.parent.kind === "image" ? [image.parent.id, ...image.uses] : image.uses
}

/**
 * The rows that names mean: a row's own name, or an image's for all its rows. In the order of the tree.
 * Fails with `cannot` for a name that means nothing, with the nearest one.
 */
export function rowsNamed(tree: Tree, names: readonly string[]): readonly RowId[] {
  const found = named(rowsOf(tree), names)
  return tree.images.map(({ id }) => id).filter((id) => found.has(id))
}

/**
 * The tree cut down to some rows: those of `only` with all that they are built on (every row without `only`),
 * less those of `except` and all that is built on them.
 */
export function selectRows(tree: Tree, selection: Selection): Tree {
  if (selection.only.length === 0 && selection.except.length === 0) return tree
  const chosen = selectNamed(rowsOf(tree), selection)
  return { ...tree, images: tree.images.filter(({ id }) => chosen.has(id)) }
}

/** The same for rows of any kind: the names of the chosen ones. */
export function selectNamed(rows: Rows, { only, except }: Selection): ReadonlySet<RowId> {
  const asked = named(rows, only)
  const wanted = only.length === 0 ? new Set(rows.nodes.map(({ id }) => id)) : withAncestors(rows, asked)
  const dropped = withDescendants(rows, named(rows, except))
  const lost = [...asked].find((id) => dropped.has(id))
  if (lost !== undefined) throw new Failure("cannot", `\`${lost}\` is asked for, and left out by --except`)
  return new Set([...wanted].filter((id) => !dropped.has(id)))
}

function rowsOf(tree: Tree): Rows {
  return { nodes: tree.images.map((image) => ({ id: image.id, bases: basesOf(image) })), skipped: tree.skipped }
}

function named(rows: Rows, names: readonly string[]): ReadonlySet<RowId> {
  return new Set(names.flatMap((name) => matching(rows, name)))
}

function matching({ nodes, skipped }: Rows, name: string): readonly RowId[] {
  const means = (id: RowId): boolean => id === name || id.startsWith(`${name}:`)
  const ids = nodes.map(({ id }) => id)
  const found = ids.filter(means)
  if (found.length > 0) return found
  const left = skipped.find(({ image }) => means(image))
  if (left !== undefined) throw new Failure("cannot", `\`${left.image}\` is skipped: ${left.reason}`)
  throw new Failure("cannot", `There is no row or image \`${name}\``, { hint: hintFor(name, ids) })
}

/** More rows than this are for `nbstacks tree` to show. */
const few = 12

/** The one row or image that is near: two letters differ at most, and less than half of them. Else the rows, if they are few. */
function hintFor(name: string, ids: readonly RowId[]): string {
  const all = name.includes(":") ? ids : [...new Set(ids.map((id) => id.split(":")[0] ?? id))]
  const near = all
    .map((one) => ({ one, far: farFrom(name, one) }))
    .filter(({ one, far }) => far <= 2 && far * 2 < Math.min(name.length, one.length))
    .sort((a, b) => a.far - b.far)
  const [best, second] = near
  if (best !== undefined && best.far !== second?.far) return `Did you mean \`${best.one}\`?`
  if (ids.length === 0) return "There are no rows"
  return ids.length > few
    ? "Run `nbstacks tree` to see the rows"
    : `There ${ids.length === 1 ? "is" : "are"} ${ids.map((id) => `\`${id}\``).join(", ")}`
}

/** Letters that differ. Of another row of the same image, `course:3` for `course:1`, only a typo in its values counts. */
function farFrom(written: string, name: string): number {
  const [image, values] = name.split(":")
  const [writtenImage, writtenValues] = written.split(":")
  const far = distance(written.toLowerCase(), name.toLowerCase())
  if (values === undefined || writtenValues === undefined || image !== writtenImage) return far
  return far * 2 < Math.min(values.length, writtenValues.length) ? far : Number.POSITIVE_INFINITY
}

function withAncestors({ nodes }: Rows, ids: ReadonlySet<RowId>): ReadonlySet<RowId> {
  const wanted = new Set(ids)
  for (const { id, bases } of nodes.toReversed()) if (wanted.has(id)) for (const base of bases) wanted.add(base)
  return wanted
}

function withDescendants({ nodes }: Rows, ids: ReadonlySet<RowId>): ReadonlySet<RowId> {
  const found = new Set(ids)
  for (const { id, bases } of nodes) if (bases.some((base) => found.has(base))) found.add(id)
  return found
}

/** The tree for one platform, or as it is. Fails when no row has it. */
export function selectPlatform(tree: Tree, platform: string | undefined): Tree {
  if (platform === undefined) return tree
  const images = tree.images
    .map((image) => ({ ...image, platforms: image.platforms.filter((one) => one === platform) }))
    .filter(({ platforms }) => platforms.length > 0)
  if (images.length > 0) return { ...tree, images }
  const all = [...new Set(tree.images.flatMap(({ platforms }) => platforms))].sort().join(", ")
  throw new Failure("cannot", `No row is built for ${platform}`, { hint: `Platforms of this tree: ${all}` })
}
