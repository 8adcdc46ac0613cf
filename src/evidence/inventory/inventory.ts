import { join } from "node:path"
import type { Files } from "../../host/files.ts"
import { readKept, writeKept } from "../../kept-text.ts"
import type { Image, Layer } from "../../oci/image.ts"
import { parallel } from "../../parallel.ts"
import type { FactsPool } from "./facts-pool.ts"
import { joinFacts, type Found } from "./join.ts"
import { factsFormat, readLayerFacts, type LayerFacts } from "./layer-facts.ts"

/** What is in an image. */
export type Inventory = {
  /** By kind and name. */
  readonly items: readonly Found[]
  /** Of each layer, from the bottom: its files, and their bytes unpacked. */
  readonly layers: readonly { readonly files: number; readonly bytes: number }[]
}

export type InventoryOptions = {
  /** Where what is known of layers is kept; a layer is read once for all images that have it. */
  readonly cache?: { readonly files: Files; readonly folder: string } | undefined
  readonly signal?: AbortSignal | undefined
  /** Threads that read layers; without them it is done here. */
  readonly pool?: Pick<FactsPool, "read"> | undefined
  /** Called when a layer was read that was not known. */
  readonly onLayer?: ((layer: Layer) => void) | undefined
}

/** Layers that are read at once. */
const width = 4
/** Smaller layers, in bytes, are read sooner than a thread starts. */
const worthAThread = 500_000

/**
 * Reads what is in an image from its layers alone: nothing of it is run, and nothing unpacked to the disk. Layers that
 * were read before are not asked for. Fails with `cannot` when a layer is malformed.
 */
export async function inventoryOf(image: Image, options: InventoryOptions = {}): Promise<Inventory> {
  // Large ones first: who comes last should not have to wait for one of them alone.
  const order = image.layers.map((layer, at) => ({ layer, at })).sort((a, b) => sizeOf(b.layer) - sizeOf(a.layer))
  const read = await parallel(order, width, async ({ layer, at }) => {
    options.signal?.throwIfAborted()
    return { at, facts: await factsOf(layer, options) }
  })
  const facts = read.toSorted((a, b) => a.at - b.at).map((one) => one.facts)
  return {
    items: [...joinFacts(facts)].sort(byName),
    layers: facts.map(({ files, bytes }) => ({ files, bytes })),
  }
}

function sizeOf({ descriptor }: Layer): number {
  return descriptor.size
}

async function factsOf(layer: Layer, { cache, onLayer, pool }: InventoryOptions): Promise<LayerFacts> {
  // By what is proven when the layer is read: its diffID is what an image says of it.
  const path = cache === undefined ? "" : join(cache.folder, `${layer.descriptor.digest.replace(":", "-")}.json`)
  const text = cache === undefined ? undefined : await readKept(cache, path)
  const kept = text === undefined ? undefined : (JSON.parse(text) as LayerFacts)
  if (kept?.format === factsFormat) return kept
  const facts =
    pool === undefined || sizeOf(layer) < worthAThread ? await readLayerFacts(layer) : await pool.read(layer)
  onLayer?.(layer)
  if (cache !== undefined) await writeKept(cache, path, JSON.stringify(facts))
  return facts
}

function byName(a: Found, b: Found): number {
  return compare(a.kind, b.kind) || compare(a.name.toLowerCase(), b.name.toLowerCase()) || compare(a.path, b.path)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
