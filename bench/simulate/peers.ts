import { createHash } from "node:crypto"
import type { Package } from "./histories.ts"
import { planned } from "../../src/packages/planner/replay.ts"

/** Packages → groups, one a layer. */
type Grouping = (packages: readonly Package[], layers: number) => readonly (readonly Package[])[]
/** A way to layer packages. `bounded` is false for what takes no budget. */
export type Peer = { readonly by: string; readonly bounded: boolean; readonly plan: Plan }
type Plan = (packages: readonly Package[], layers: number) => ReturnType<typeof planned>

/** Bytes of a layer at most. Peers have no such bound. */
const layer = 800_000_000

/** Ours, and ports of what others do (reference: layering, 1.2), each a function of one image's packages. */
export const peers: readonly Peer[] = [
  { by: "nbstacks", bounded: true, plan: (packages, layers) => planned(packages, { layer, layers }) },
  { by: "one layer", bounded: false, plan: grouped((packages) => [packages]) },
  { by: "popularity, as nix", bounded: true, plan: grouped(byPopularity) },
  { by: "hash of the name", bounded: true, plan: grouped(byHash) },
  { by: "biggest alone, as apko", bounded: true, plan: grouped(bySize) },
  { by: "one layer a package", bounded: false, plan: grouped((packages) => packages.map((one) => [one])) },
]

function grouped(grouping: Grouping): Plan {
  return (packages, layers) =>
    grouping(packages, layers).map((group) => ({
      identity: group
        .map(({ id }) => id)
        .sort()
        .join("\n"),
      size: group.reduce((sum, { size }) => sum + size, 0),
    }))
}

/** apko's `groupByOriginAndSize`, where each package is its own origin: the biggest alone, the rest in one. */
function bySize(packages: readonly Package[], layers: number): readonly (readonly Package[])[] {
  return firstAlone(
    packages.toSorted((a, b) => b.size - a.size || compare(a.name, b.name)),
    layers,
  )
}

/** nix2container's `popularity_contest`: a package counts once for itself, and with the counts of all that need it. */
function byPopularity(packages: readonly Package[], layers: number): readonly (readonly Package[])[] {
  const byName = new Map(packages.map((one) => [one.name, one]))
  const counts = new Map<string, number>()
  for (const { name } of neededLast(packages, byName)) {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    for (const need of byName.get(name)?.needs ?? []) counts.set(need, (counts.get(need) ?? 0) + count)
  }
  const count = ({ name }: Package): number => counts.get(name) ?? 0
  return firstAlone(
    packages.toSorted((a, b) => count(b) - count(a) || compare(a.name, b.name)),
    layers,
  )
}

/** Packages before what they need. A circle is cut where it is met. */
function neededLast(packages: readonly Package[], byName: ReadonlyMap<string, Package>): readonly Package[] {
  const order: Package[] = []
  const seen = new Set<string>()
  const visit = (one: Package): void => {
    if (seen.has(one.name)) return
    seen.add(one.name)
    for (const need of one.needs) {
      const found = byName.get(need)
      if (found !== undefined) visit(found)
    }
    order.push(one)
  }
  for (const one of packages.toSorted((a, b) => compare(a.name, b.name))) visit(one)
  return order.reverse()
}

function firstAlone(sorted: readonly Package[], layers: number): readonly (readonly Package[])[] {
  const rest = sorted.slice(layers - 1)
  return [...sorted.slice(0, layers - 1).map((one) => [one]), ...(rest.length === 0 ? [] : [rest])]
}

function byHash(packages: readonly Package[], layers: number): readonly (readonly Package[])[] {
  const of = ({ name }: Package): number => createHash("sha256").update(name).digest().readUInt32BE(0) % layers
  return [...Map.groupBy(packages, of).values()]
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
