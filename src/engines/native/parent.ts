import { layerCache } from "../../files/cache-folder.ts"
import type { Host } from "../../host/host.ts"
import type { Image } from "../../oci/image.ts"
import { readMerged, type Merged } from "../../oci/merged.ts"

/** The files of a parent, by their headers. */
export type ReadParent = (image: Image, signal: AbortSignal) => Promise<Merged>

/**
 * Reads parents, and remembers the last: rows that are built at the same time are mostly built on one. What was read of
 * layers is in the cache.
 */
export function lastParent(host: Pick<Host, "files" | "env" | "machine">): ReadParent {
  const cache = layerCache(host, "headers")
  let last: { readonly name: string; readonly merged: Promise<Merged> } | undefined
  return async (image, signal) => {
    const name = image.layers.map(({ descriptor }) => descriptor.digest).join(" ")
    if (last?.name === name) return await last.merged
    const merged = readMerged(image, { cache, signal })
    last = { name, merged }
    merged.catch(() => (last = undefined))
    return await merged
  }
}
