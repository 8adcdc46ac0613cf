import { join } from "node:path"
import type { Files } from "../../host/files.ts"
import { readKept, writeKept } from "../../kept-text.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Image, Layer } from "../../oci/image.ts"
import { readToc } from "../../oci/layer/stargz/toc.ts"
import { walkToc } from "../../oci/layer/stargz/walk.ts"
import { parallel } from "../../parallel.ts"
import type { FactsPool } from "./facts-pool.ts"
import { joinFacts, type Found } from "./join.ts"
import { factsFormat, factsVisitor, type LayerFacts } from "./layer-facts.ts"
import { readLayerFacts } from "./reading.ts"

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
  /** What `keptLayers` gave, so that the cache is not asked again. */
  readonly kept?: readonly (LayerFacts | undefined)[] | undefined
  /** What is known of layers from elsewhere, by digest: those are not read. Asked for what is not in the cache. */
  readonly known?: ((layer: Digest) => Promise<LayerFacts | undefined>) | undefined
  /** Whether a layer that has a table of contents is read by it, in parts. Without this layers are read whole. */
  readonly tables?: boolean | undefined
  /** Threads that read layers; without them it is done here. */
  readonly pool?: Pick<FactsPool, "read"> | undefined
  /** Called when a layer was read that was not known. */
  readonly onLayer?: ((layer: Layer) => void) | undefined
}

/** Layers that are read at once. */
const width = 4
/** Fewer bytes than this are read whole: asking for parts takes longer. */
const worthParts = 2_000_000
/** So many bytes are worth the time in which threads start; fewer are read here. */
const worthThreads = 30_000_000

/**
 * Reads what is in an image from its layers alone: nothing of it is run, and nothing unpacked to the disk. Layers that
 * were read before are not asked for. Fails with `cannot` when a layer is malformed.
 */
export async function inventoryOf(image: Image, options: InventoryOptions = {}): Promise<Inventory> {
  return inventoryFrom(await factsOfLayers(image, options))
}

/** What was kept of each layer of an image, from the bottom; undefined for those that were not read before. */
export async function keptLayers(
  { layers }: Pick<Image, "layers">,
  options: Pick<InventoryOptions, "cache" | "tables">,
): Promise<readonly (LayerFacts | undefined)[]> {
  return await parallel(layers, width, (layer) => keptFacts(layer, options))
}

/** What is in an image of which these are the layers, from the bottom. */
export function inventoryFrom(facts: readonly LayerFacts[]): Inventory {
  return {
    items: [...joinFacts(facts)].sort(byName),
    layers: facts.map(({ files, bytes }) => ({ files, bytes })),
  }
}

/** What each layer of an image says, from the bottom. Fails as `inventoryOf` does. */
export async function factsOfLayers(image: Image, options: InventoryOptions = {}): Promise<readonly LayerFacts[]> {
  const { layers } = image
  const cached = options.kept ?? (await keptLayers(image, options))
  const kept = await parallel(
    layers.map((layer, at) => ({ layer, facts: cached[at] })),
    width,
    async ({ layer, facts }) => facts ?? (await options.known?.(layer.descriptor.digest)),
  )
  const missing = layers.flatMap((layer, at) => (kept[at] === undefined ? [{ layer, at }] : []))
  const bytes = missing.reduce((sum, { layer }) => sum + sizeOf(layer), 0)
  const pool = bytes < worthThreads ? undefined : options.pool
  // Large ones first: who comes last should not have to wait for one of them alone.
  missing.sort((a, b) => sizeOf(b.layer) - sizeOf(a.layer))
  const read = await parallel(missing, width, async ({ layer, at }) => {
    options.signal?.throwIfAborted()
    const parts = options.tables === true && sizeOf(layer) > worthParts ? await factsByTable(layer) : undefined
    const facts = parts ?? (pool === undefined ? await readLayerFacts(layer) : await pool.read(layer))
    options.onLayer?.(layer)
    const { cache } = options
    if (cache !== undefined) await writeKept(cache, pathOf(cache, layer, parts !== undefined), JSON.stringify(facts))
    return [at, facts] as const
  })
  const found = new Map(read)
  return kept.map((one, at) => one ?? (found.get(at) as LayerFacts))
}

function sizeOf({ descriptor }: Layer): number {
  return descriptor.size
}

/** What a layer says, read in parts by its table of contents; undefined where it has none. */
async function factsByTable(layer: Layer): Promise<LayerFacts | undefined> {
  const toc = await readToc(layer)
  if (toc === undefined) return undefined
  const visitor = factsVisitor(`the layer ${layer.descriptor.digest}`)
  await walkToc(layer, toc, visitor)
  return visitor.found()
}

type Cache = NonNullable<InventoryOptions["cache"]>

/**
 * By what is proven when a layer is read: its diffID is what an image says of it. What was read by a table of contents is apart: who
 * made the table may say other things than the layer.
 */
function pathOf({ folder }: Cache, { descriptor }: Layer, byTable = false): string {
  return join(folder, `${descriptor.digest.replace(":", "-")}${byTable ? "-table" : ""}.json`)
}

async function keptFacts(layer: Layer, { cache, tables }: InventoryOptions): Promise<LayerFacts | undefined> {
  if (cache === undefined) return undefined
  const whole = await readKept(cache, pathOf(cache, layer))
  const text = whole ?? (tables === true ? await readKept(cache, pathOf(cache, layer, true)) : undefined)
  const kept = text === undefined ? undefined : (JSON.parse(text) as LayerFacts)
  return kept?.format === factsFormat ? kept : undefined
}

function byName(a: Found, b: Found): number {
  return compare(a.kind, b.kind) || compare(a.name.toLowerCase(), b.name.toLowerCase()) || compare(a.path, b.path)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
