import { closest, distance } from "fastest-levenshtein"
import { Failure } from "../failure.ts"
import type { Image, RowId, Tree } from "../tree/tree.ts"

export type Selection = { readonly only: readonly string[]; readonly except: readonly string[] }

/**
 * The rows that names mean: a row's own name, or an image's for all its rows. In the order of the tree.
 * Fails with `cannot` for a name that means nothing, with the nearest one.
 */
export function rowsNamed(tree: Tree, names: readonly string[]): readonly RowId[] {
  const found = new Set(names.flatMap((name) => matching(tree, name)))
  return tree.images.map(({ id }) => id).filter((id) => found.has(id))
}

function matching(tree: Tree, name: string): readonly RowId[] {
  const ids = tree.images.map(({ id }) => id)
  const found = ids.filter((id) => id === name || id.startsWith(`${name}:`))
  if (found.length > 0) return found
  const skipped = tree.skipped.find(({ image }) => image === name || image.startsWith(`${name}:`))
  if (skipped !== undefined) throw new Failure("cannot", `\`${skipped.image}\` is skipped: ${skipped.reason}`)
  const all = [...new Set([...ids, ...ids.map((id) => id.split(":")[0] ?? id)])]
  const near = all.length === 0 ? undefined : closest(name, all)
  const hint =
    near !== undefined && distance(name, near) <= 3
      ? `Did you mean \`${near}\`?`
      : "Run `nbstacks tree` to see the rows"
  throw new Failure("cannot", `There is no row or image \`${name}\``, { hint })
}

/**
 * The tree cut down to some rows: those of `only` with all that they are built on (every row without `only`),
 * less those of `except` and all that is built on them.
 */
export function selectRows(tree: Tree, { only, except }: Selection): Tree {
  if (only.length === 0 && except.length === 0) return tree
  const wanted =
    only.length === 0 ? new Set(tree.images.map(({ id }) => id)) : withAncestors(tree, rowsNamed(tree, only))
  const dropped = withDescendants(tree, rowsNamed(tree, except))
  const images = tree.images.filter(({ id }) => wanted.has(id) && !dropped.has(id))
  const asked = only.length === 0 ? [] : rowsNamed(tree, only)
  const lost = asked.find((id) => dropped.has(id))
  if (lost !== undefined) throw new Failure("cannot", `\`${lost}\` is asked for by --only and left out by --except`)
  return { ...tree, images }
}

function withAncestors(tree: Tree, ids: readonly RowId[]): ReadonlySet<RowId> {
  const wanted = new Set(ids)
  for (const image of tree.images.toReversed())
    if (wanted.has(image.id)) for (const id of basesOf(image)) wanted.add(id)
  return wanted
}

function withDescendants(tree: Tree, ids: readonly RowId[]): ReadonlySet<RowId> {
  const found = new Set(ids)
  for (const image of tree.images) if (basesOf(image).some((id) => found.has(id))) found.add(image.id)
  return found
}

/** Rows that a row is made from: its parent, and those it copies files from. */
export function basesOf(image: Image): readonly RowId[] {
  return image.parent.kind === "image" ? [image.parent.id, ...image.uses] : image.uses
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
