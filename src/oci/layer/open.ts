import type { Layer } from "../image.ts"
import { readTar, type TarEntry } from "../tar/reader.ts"
import { decompress } from "./decompress.ts"

/** The bytes of a layer as they are stored, verified at their end. */
export function layerBytes({ descriptor, from }: Pick<Layer, "descriptor" | "from">): AsyncIterable<Uint8Array> {
  return "open" in from ? from.open() : from.store.read(from.repository, descriptor.digest)
}

/** The uncompressed archive of a layer. */
export function layerArchive(layer: Layer): AsyncIterable<Uint8Array> {
  return decompress(layerBytes(layer), `the layer ${layer.descriptor.digest}`)
}

/** The members of a layer, in the order of the archive. */
export function layerEntries(layer: Layer): AsyncIterable<TarEntry> {
  return readTar(layerArchive(layer), `the layer ${layer.descriptor.digest}`)
}
