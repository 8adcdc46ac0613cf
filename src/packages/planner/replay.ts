import { planLayers, type Package, type PlanBudget } from "./plan-layers.ts"

/** A package of a release. */
export type Item = {
  readonly name: string
  /** The same for the same bytes, such as a hash. */
  readonly id: string
  /** Compressed, in bytes. */
  readonly size: number
}

/** A layer of a release: layers with one identity have the same bytes. */
export type ReplayedLayer = { readonly identity: string; readonly size: number }

export type Replayed = {
  /** For each release after the first: bytes of layers that the release before lacks, and of all layers. */
  readonly updates: readonly { readonly pulled: number; readonly full: number }[]
  /** Bytes of all different layers, by identity: what a registry keeps. */
  readonly stored: ReadonlyMap<string, number>
}

/** Plans each release of an image, the oldest first, and says what somebody who has the one before pulls. */
export function replay(
  releases: readonly (readonly Item[])[],
  plan: (items: readonly Item[]) => readonly ReplayedLayer[],
): Replayed {
  const updates: { pulled: number; full: number }[] = []
  const stored = new Map<string, number>()
  let before: ReadonlySet<string> | undefined
  for (const items of releases) {
    const layers = plan(items)
    const old = before
    if (old !== undefined)
      updates.push({ pulled: total(layers.filter(({ identity }) => !old.has(identity))), full: total(layers) })
    for (const { identity, size } of layers) stored.set(identity, size)
    before = new Set(layers.map(({ identity }) => identity))
  }
  return { updates, stored }
}

/** The layers that `planLayers` makes where nothing is known of the packages' files: they could be split anywhere. */
export function planned(items: readonly Item[], budget: PlanBudget): readonly ReplayedLayer[] {
  const packages = new Map(items.map((item) => [item.name, { ...item, ...inPieces(item, budget) }]))
  return planLayers([...packages.values()], budget).map(({ shares }) => {
    const parts = shares.flatMap(({ name, only }) => {
      const item = packages.get(name)
      if (item === undefined) return []
      const wanted = only === undefined ? undefined : new Set(only)
      const files = item.files.filter(({ path }) => wanted?.has(path) ?? true)
      return [{ identity: wanted === undefined ? item.id : `${item.id}:${[...wanted].join()}`, size: total(files) }]
    })
    return { identity: parts.map(({ identity }) => identity).join("\n"), size: total(parts) }
  })
}

/** Pieces as small as real files, in bytes, and small enough for any layer. */
const usualPiece = 16 * 1024 * 1024

function inPieces({ name, size }: Item, budget: PlanBudget): Package {
  const piece = Math.max(1, Math.min(usualPiece, Math.floor(budget.layer / 8)))
  const count = Math.max(1, Math.ceil(size / piece))
  const files = Array.from({ length: count }, (_, at) => ({
    path: String(at).padStart(5, "0"),
    size: Math.min(piece, size - at * piece),
    metadata: false,
  }))
  return { name, files }
}

function total(items: readonly { readonly size: number }[]): number {
  return items.reduce((sum, { size }) => sum + size, 0)
}
