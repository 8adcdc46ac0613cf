import { leftBehind, type LeftBehind } from "../../evidence/weight/left-behind.ts"
import { readListing } from "../../evidence/weight/lists/read-lists.ts"
import { weigh, type Hidden } from "../../evidence/weight/hidden.ts"
import { weightOf, type Weight } from "../../evidence/weight/package-weight.ts"
import { layerCache } from "../../files/cache-folder.ts"
import type { Image, Layer } from "../../oci/image.ts"
import { readHeaders, type LayerHeader } from "../../oci/merged/headers.ts"
import { parallel } from "../../parallel.ts"
import type { Context } from "../context.ts"
import type { FindOptions } from "./find.ts"
import { inspected, type Inspected } from "./inspected.ts"
import { reading } from "./progress.ts"

/** An image, what is in it, and what that weighs. */
export type WeighedImage = Inspected & {
  /** Of each layer, in bytes. */
  readonly unpacked: readonly number[]
  readonly hidden: readonly Hidden[]
  readonly left: readonly LeftBehind[]
  readonly weight: Weight
}

/** Layers that are read at once. */
const width = 4

/** The headers of each layer's members, saying on a terminal how far that is. */
export async function headersOf(context: Context, image: Image): Promise<readonly (readonly LayerHeader[])[]> {
  return await eachLayer(context, image, async (layer) => await readHeaders(layer, layerCache(context.host, "headers")))
}

/** Reads something of each layer, several at once. */
async function eachLayer<T>(context: Context, image: Image, read: (layer: Layer) => Promise<T>): Promise<readonly T[]> {
  using progress = reading(context, image)
  return await parallel(image.layers, width, async (layer) => {
    context.signal.throwIfAborted()
    const found = await read(layer)
    progress.onLayer(layer)
    return found
  })
}

/** Finds an image and weighs what is in it. */
export async function weighed(context: Context, name: string, options: FindOptions): Promise<WeighedImage> {
  const found = await inspected(context, name, options)
  const { image, inventory } = found
  const caches = { headers: layerCache(context.host, "headers"), lists: layerCache(context.host, "inventories") }
  const listings = await eachLayer(context, image, async (layer) => await readListing(layer, caches))
  const headers = listings.map((listing) => listing.headers)
  const { root, hidden } = weigh(headers)
  const unpacked = headers.map((layer) => layer.reduce((sum, { size }) => sum + size, 0))
  const layers = image.layers.map(({ descriptor }, at) => ({
    size: descriptor.size,
    unpacked: unpacked[at] ?? 0,
    lists: listings[at]?.lists ?? [],
  }))
  const weight = weightOf({ root, items: inventory.items, layers })
  return { ...found, unpacked, hidden, left: leftBehind(root), weight }
}
