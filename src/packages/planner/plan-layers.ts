import { createHash } from "node:crypto"
import { Failure } from "../../failure.ts"

/** A package as the planner sees it. */
export type Package = {
  /** Unique. Decides its bin. */
  readonly name: string
  /** The most that each file takes in a layer, compressed, in bytes. `metadata` stays with the last part of a split package. */
  readonly files: readonly { readonly path: string; readonly size: number; readonly metadata: boolean }[]
}

/** A package in a layer: all of it, or some of its files. */
type Share = { readonly name: string; readonly only?: readonly string[] }

export type PlannedLayer = {
  /** For people: the package's name, or what the layer collects. */
  readonly title: string
  readonly shares: readonly Share[]
  /** An upper bound, in bytes. */
  readonly size: number
}

export type PlanBudget = {
  /** Bytes of one layer at most. */
  readonly layer: number
  /** Layers at most. */
  readonly layers: number
}

/** Of an image's own layers those that its bytecode has, where it has any; its packages have the others. */
export function bytecodeLayers(layers: number): number {
  return Math.max(1, Math.floor(layers / 4))
}

/** Packages below this many bytes never have a layer of their own: all of them together are few bytes. */
const aloneFrom: number = 512 * 1024
/** A layer's own directories and end, in bytes, kept free in each. */
const reserve = 64 * 1024

type Part = {
  readonly name: string
  readonly only: readonly string[] | undefined
  readonly size: number
  readonly part: number
}

/**
 * Packages → layers, from the packages and the budget alone (design, decision 10). The biggest packages have a layer
 * each, ordered by size class (a power of two), then by name. Other packages share bins by a hash of their name: the
 * larger ones (`aloneFrom` and more) some, the small ones others, so that a small package more moves one small bin and
 * nothing else. A package above the budget is split by files, its metadata in the last part. The order of `packages`
 * is of no effect. Fails with `cannot` when a single file, or everything together, does not fit.
 */
export function planLayers(packages: readonly Package[], budget: PlanBudget): PlannedLayer[] {
  const room = budget.layer - reserve
  if (budget.layers < 1 || room < 1)
    throw new Failure("cannot", "The layer budget leaves no room for a layer", {
      hint: "Raise `budget.layers` or `budget.layer` of this image",
    })
  const parts = packages.flatMap((item) => splitPackage(item, room, budget.layer))
  const isLarge = ({ size, only }: Part): boolean => size >= aloneFrom || only !== undefined
  const large = parts.filter(isLarge).sort(bySize)
  const { alone, larger, small } = slots(budget.layers)
  if (larger === 0) {
    const bins = binsOf(parts, { bins: small, room, from: 0 })
    return bins.length <= budget.layers ? bins : squeezed(parts, { room, budget })
  }
  const smallBins = binsOf(
    parts.filter((part) => !isLarge(part)),
    { bins: small, room, from: larger },
  )
  // Bins that had to be halved take the places of the smallest single packages, which then are in bins too.
  for (let singles = Math.min(alone, large.length); singles >= 0; singles--) {
    const bins = [...binsOf(large.slice(singles), { bins: larger, room, from: 0 }), ...smallBins]
    if (singles + bins.length > budget.layers) continue
    return [...large.slice(0, singles).sort(bySizeClass).map(single), ...bins]
  }
  return squeezed(parts, { room, budget })
}

/**
 * How many layers are for single packages, for bins of larger packages, and for bins of small ones. The shares come
 * from the simulation of decision 0060.
 */
function slots(layers: number): { readonly alone: number; readonly larger: number; readonly small: number } {
  if (layers === 1) return { alone: 0, larger: 0, small: 1 }
  const larger = Math.min(10, Math.max(1, Math.floor(layers / 5)))
  const small = Math.min(3, Math.max(1, Math.floor(layers / 12)))
  return { alone: layers - larger - small, larger, small }
}

function splitPackage(item: Package, room: number, layer: number): Part[] {
  const total = sum(item.files)
  if (total <= room) return [{ name: item.name, only: undefined, size: total, part: 0 }]
  const inOrder = item.files.toSorted((a, b) => Number(a.metadata) - Number(b.metadata) || (a.path < b.path ? -1 : 1))
  const parts: Part[] = []
  let paths: string[] = []
  let size = 0
  const close = (): void => {
    if (paths.length > 0) parts.push({ name: item.name, only: paths, size, part: parts.length })
    paths = []
    size = 0
  }
  const metadata = sum(item.files.filter((file) => file.metadata))
  for (const file of inOrder) {
    if (file.size + (file.metadata ? 0 : metadata) > room) {
      throw new Failure(
        "cannot",
        `\`${file.path}\` of ${item.name} takes ${megabytes(file.size)}, more than a layer may (${megabytes(layer)})`,
        {
          hint: "A file cannot be split: raise `budget.layer` of this image",
        },
      )
    }
    // Room for the metadata is kept in each part, since any may turn out to be the last.
    if (size + file.size + (file.metadata ? 0 : metadata) > room) close()
    paths.push(file.path)
    size += file.size
  }
  close()
  return parts
}

/** Bins by hash; `from` bins came before, for titles. */
function binsOf(
  parts: readonly Part[],
  { bins, room, from }: { readonly bins: number; readonly room: number; readonly from: number },
): PlannedLayer[] {
  const groups: Part[][] = Array.from({ length: bins }, () => [])
  for (const part of parts) groups[Number(hashOf(part.name) % BigInt(bins))]?.push(part)
  return groups.flatMap((group, index) =>
    halves(group, room, 0).map((half, place) => collected(half, from + index, place)),
  )
}

/** A bin that is too large is halved by further bits of the hash, so that most of it stays together when it grows. */
function halves(group: readonly Part[], room: number, bit: number): (readonly Part[])[] {
  if (group.length === 0) return []
  if (sum(group) <= room || group.length === 1) return [group]
  if (bit === 32) return filled(group, room)
  const of = (wanted: bigint): Part[] =>
    group.filter((part) => ((hashOf(part.name) >> BigInt(63 - bit)) & 1n) === wanted)
  return [...halves(of(0n), room, bit + 1), ...halves(of(1n), room, bit + 1)]
}

/** Next fit in order of name: what is left for parts of one package, which have one hash. */
function filled(group: readonly Part[], room: number): Part[][] {
  const result: Part[][] = []
  let left = -1
  for (const part of group.toSorted(byName)) {
    if (part.size > left) {
      result.push([])
      left = room
    }
    result.at(-1)?.push(part)
    left -= part.size
  }
  return result
}

/** Where bins by hash take too many layers: first fit, the largest first. Stable for the same packages, less so for others. */
function squeezed(parts: readonly Part[], { room, budget }: { room: number; budget: PlanBudget }): PlannedLayer[] {
  const layers: { parts: Part[]; left: number }[] = []
  for (const part of parts.toSorted(bySize)) {
    const place = layers.find((layer) => layer.left >= part.size)
    if (place === undefined) layers.push({ parts: [part], left: room - part.size })
    else {
      place.parts.push(part)
      place.left -= part.size
    }
  }
  if (layers.length > budget.layers) {
    throw new Failure(
      "cannot",
      `${megabytes(sum(parts))} of packages do not fit into ${budget.layers} layers of ${megabytes(budget.layer)}`,
      { hint: "Raise `budget.layers` or `budget.layer` of this image, or move packages to its parent" },
    )
  }
  return layers.map((layer, index) => {
    const [only] = layer.parts
    return layer.parts.length === 1 && only !== undefined ? single(only) : collected(layer.parts, index, 0)
  })
}

function single(part: Part): PlannedLayer {
  const title = part.only === undefined ? part.name : `${part.name} (part ${part.part + 1})`
  return { title, shares: [shareOf(part)], size: part.size + reserve }
}

function collected(parts: readonly Part[], bin: number, half: number): PlannedLayer {
  const sorted = parts.toSorted(byName)
  return {
    title: `packages ${bin + 1}${half === 0 ? "" : `.${half + 1}`}`,
    shares: sorted.map(shareOf),
    size: sum(sorted) + reserve,
  }
}

function shareOf(part: Part): Share {
  return part.only === undefined ? { name: part.name } : { name: part.name, only: part.only }
}

function byName(a: Part, b: Part): number {
  return a.name === b.name ? a.part - b.part : a.name < b.name ? -1 : 1
}

function bySize(a: Part, b: Part): number {
  return b.size - a.size || byName(a, b)
}

function bySizeClass(a: Part, b: Part): number {
  return sizeClass(b) - sizeClass(a) || byName(a, b)
}

function sizeClass(part: Part): number {
  return Math.floor(Math.log2(Math.max(1, part.size)))
}

/** The first 64 bits of the SHA-256 of a name. */
function hashOf(name: string): bigint {
  return createHash("sha256").update(name).digest().readBigUInt64BE(0)
}

function sum(items: readonly { readonly size: number }[]): number {
  return items.reduce((total, item) => total + item.size, 0)
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
