import { walkNodes, type MergedNode } from "../../oci/merged/tree.ts"
import { ecosystems, type Ecosystem, type Package } from "../inventory/item.ts"
import type { Found } from "../inventory/join.ts"
import type { LayerLists } from "./lists/read-lists.ts"
import { ownersOf, type Owners } from "./owners.ts"

/** What files weigh: those that a container sees, each once however many names it has. */
export type Sum = {
  readonly files: number
  /** Unpacked. */
  readonly bytes: number
  /** An estimate of what they add to what is pulled: their part of their layers' bytes, as if all compressed alike. */
  readonly compressed: number
}

export type LayerSum = Sum & {
  /** Counted from 0 at the bottom. */
  readonly layer: number
}

/** A package and its files, by the layers that have their bytes, the heaviest first. */
export type PackageWeight = Sum & { readonly item: Package & Found; readonly layers: readonly LayerSum[] }

/** A file as a container sees it. */
export type WeighedFile = {
  readonly path: string
  readonly size: number
  /** The layer that has its bytes, counted from 0 at the bottom. */
  readonly layer: number
  /** The number of its package in `packages`; undefined for one that no package manager knows. */
  readonly package: number | undefined
}

/** What an image weighs, by package, ecosystem and layer. */
export type Weight = {
  /** The heaviest first. One whose files are all another's is there with none. */
  readonly packages: readonly PackageWeight[]
  /** Files of no package. */
  readonly none: Sum & { readonly layers: readonly LayerSum[] }
  /** In the order in which people see them. */
  readonly ecosystems: readonly (Sum & { readonly ecosystem: Ecosystem; readonly packages: number })[]
  /** Of each layer, from the bottom: what of it a container sees. */
  readonly layers: readonly Sum[]
  /** The largest first. */
  readonly files: readonly WeighedFile[]
}

export type WeightOptions = {
  readonly root: MergedNode
  readonly items: readonly Found[]
  /** Of each layer, from the bottom: its bytes as they are stored and unpacked, and what its lists of files say. */
  readonly layers: readonly { readonly size: number; readonly unpacked: number; readonly lists: LayerLists }[]
}

/** Weighs an image's packages. The sum over all packages and over what belongs to none is that of all files. */
export function weightOf({ root, items: all, layers }: WeightOptions): Weight {
  // A copy that a package has for itself weighs with that package, which lists its files.
  const items = all.filter((item) => item.kind !== "package" || item.within === undefined)
  const lists = layers.map((layer) => layer.lists)
  const owned = filesOf(root, ownersOf(root, items, lists))
  const shares = layers.map(({ size, unpacked }) => (unpacked === 0 ? 0 : size / unpacked))
  const byItem = Map.groupBy(owned, (file) => file.item)
  const weigh = (files: readonly Owned[]): Sum => ({
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    compressed: Math.round(files.reduce((sum, { size, layer }) => sum + size * (shares[layer] ?? 0), 0)),
  })
  const both = (files: readonly Owned[]): Sum & { readonly layers: readonly LayerSum[] } => ({
    ...weigh(files),
    layers: [...Map.groupBy(files, ({ layer }) => layer)]
      .map(([layer, those]) => ({ layer, ...weigh(those) }))
      .sort((a, b) => b.bytes - a.bytes || a.layer - b.layer),
  })
  const placed = items
    .flatMap((item, at) => (item.kind === "package" ? [{ at, weight: { item, ...both(byItem.get(at) ?? []) } }] : []))
    .sort((a, b) => b.weight.bytes - a.weight.bytes || a.at - b.at)
  const numbers = new Map(placed.map(({ at }, number) => [at, number]))
  const byLayer = Map.groupBy(owned, ({ layer }) => layer)
  return {
    packages: placed.map((one) => one.weight),
    none: both(byItem.get(undefined) ?? []),
    ecosystems: ecosystems.flatMap((ecosystem) => {
      const those = placed.flatMap(({ weight }) => (weight.item.ecosystem === ecosystem ? [weight] : []))
      return those.length === 0 ? [] : [{ ecosystem, packages: those.length, ...sumOf(those) }]
    }),
    layers: layers.map((_, at) => weigh(byLayer.get(at) ?? [])),
    files: owned
      .map(({ path, size, layer, item }) => ({
        path,
        size,
        layer,
        package: item === undefined ? undefined : numbers.get(item),
      }))
      .sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1)),
  }
}

function sumOf(parts: readonly Sum[]): Sum {
  return parts.reduce<Sum>(
    (sum, part) => ({
      files: sum.files + part.files,
      bytes: sum.bytes + part.bytes,
      compressed: sum.compressed + part.compressed,
    }),
    { files: 0, bytes: 0, compressed: 0 },
  )
}

type Owned = { readonly path: string; readonly size: number; readonly layer: number; readonly item: number | undefined }

/** Each file once. Of several names one counts that a package has: conda's are links to its unpacked packages. */
function filesOf(root: MergedNode, owners: Owners): readonly Owned[] {
  const found = new Map<number, Owned>()
  /** What all below a folder belongs to, unless something else is said. */
  const inherited = new Map<MergedNode, number | undefined>()
  for (const { node, parent, name } of walkNodes(root)) {
    const { path, size, content } = node.entry
    const above = parent === undefined ? undefined : inherited.get(parent.node)
    if (node.entry.kind === "directory") inherited.set(node, owners.ofFolder(node) ?? above)
    if (content === undefined || parent === undefined) continue
    const sources = parent.name === "__pycache__" ? parent.parent?.node : parent.node
    const item = owners.ofFile(node, sources, name) ?? above
    const key = content.layer * 2 ** 32 + content.member
    const before = found.get(key)
    if (before === undefined || (before.item === undefined && item !== undefined))
      found.set(key, { path, size, layer: content.layer, item })
  }
  return [...found.values()]
}
