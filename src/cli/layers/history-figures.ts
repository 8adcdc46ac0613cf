import { isFailure } from "../../failure.ts"
import type { Wanted } from "../../packages/index/find-wheels.ts"
import type { SizedWheel } from "../../packages/index/size-wheels.ts"
import { bytecodeLayers } from "../../packages/planner/plan-layers.ts"
import { planned, replay, type Item } from "../../packages/planner/replay.ts"
import type { Version } from "./lock-versions.ts"

export type Release = { readonly commit: string; readonly date: string; readonly items: readonly Item[] }

/** A wheel of unknown size. `taken` is the size of another version, in bytes; 0 where none is known. */
export type Estimate = { readonly name: string; readonly version: string; readonly why: string; readonly taken: number }

export type BudgetFigures = { readonly layers: number } & (
  | {
      /** Mean bytes that somebody with the release before pulls, and their share of all bytes, from 0 to 1. */
      readonly pulled: number
      readonly share: number
      /** Bytes of all different layers of all releases. */
      readonly stored: number
    }
  | { readonly cannot: string }
)

/** Versions as what the planner takes, each different from the one before; a size that is not known is another version's. */
export function itemsOf(
  versions: readonly Version[],
  sizeOf: (wheel: Wanted) => SizedWheel | undefined,
): { readonly releases: readonly Release[]; readonly estimates: readonly Estimate[] } {
  const sizes = new Map<string, number>()
  for (const { wheels } of versions)
    for (const wheel of wheels) {
      const sized = sizeOf(wheel)
      if (sized !== undefined && "size" in sized) sizes.set(wheel.name, sized.size)
    }
  const estimates = new Map<string, Estimate>()
  const item = (wheel: Wanted): Item => {
    const { name, version, url } = wheel
    const sized = sizeOf(wheel)
    // A URL stands in the package's files: the same wheel by another one has another layer.
    if (sized !== undefined && "size" in sized)
      return { name, id: url === undefined ? sized.sha256 : `${sized.sha256} ${url}`, size: sized.size }
    const taken = sizes.get(name) ?? 0
    estimates.set(`${name} ${version}`, { name, version, why: sized?.unknown ?? "it was not asked for", taken })
    return { name, id: `${name} ${version}`, size: taken }
  }
  const releases: Release[] = []
  for (const { commit, date, wheels } of versions) {
    const items = wheels.map(item)
    const before = releases.at(-1)
    // A hash more of another platform's wheel changes nothing for this one.
    if (before !== undefined && JSON.stringify(before.items) === JSON.stringify(items)) continue
    releases.push({ commit, date, items })
  }
  return { releases, estimates: [...estimates.values()] }
}

/**
 * Replays releases with a budget of own layers, of which `made` are taken by the environment itself, and others by bytecode:
 * what that takes nobody knows before it is made, so it is not counted.
 */
export function figuresOf(
  releases: readonly Release[],
  { layers, layer, made, bytecode }: Taken & { readonly layers: number; readonly layer: number },
): BudgetFigures {
  try {
    const left = Math.max(1, layers - made)
    const budget = { layer, layers: Math.max(1, left - (bytecode ? bytecodeLayers(left) : 0)) }
    const { updates, stored } = replay(
      releases.map(({ items }) => items),
      (items) => planned(items, budget),
    )
    return {
      layers,
      pulled: mean(updates.map(({ pulled }) => pulled)),
      share: mean(updates.map(({ pulled, full }) => (full === 0 ? 0 : pulled / full))),
      stored: [...stored.values()].reduce((sum, size) => sum + size, 0),
    }
  } catch (error) {
    if (isFailure(error)) return { layers, cannot: error.message }
    throw error
  }
}

/** What else takes layers of a row. */
type Taken = { readonly made: number; readonly bytecode: boolean }

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
