import { join } from "node:path"
import { readKeptBytes, writeKept } from "../../kept-text.ts"
import type { Layer } from "../image.ts"
import { layerEntries } from "../layer/open.ts"
import type { HeaderCache } from "./headers.ts"

/** Larger files are read from their layer each time. */
const keptUpTo = 4 * 1024 * 1024

/**
 * The contents of some members of a layer, by their number in it. With a cache what was read before is taken from there,
 * so that a layer is inflated once for a file that every build on it looks at.
 */
export async function readContents(
  layer: Layer,
  members: ReadonlySet<number>,
  { cache, signal }: { readonly cache?: HeaderCache | undefined; readonly signal?: AbortSignal | undefined },
): Promise<ReadonlyMap<number, Uint8Array>> {
  const found = new Map<number, Uint8Array>()
  if (cache !== undefined)
    for (const member of members) {
      const bytes = await readKeptBytes(cache, pathOf(cache, layer, member))
      if (bytes !== undefined) found.set(member, bytes)
    }
  if (found.size === members.size) return found
  let member = 0
  for await (const { content } of layerEntries(layer)) {
    signal?.throwIfAborted()
    const at = member++
    if (!members.has(at) || found.has(at)) continue
    const bytes = Buffer.concat(await Array.fromAsync(content))
    found.set(at, bytes)
    if (cache === undefined || bytes.length > keptUpTo) continue
    await writeKept(cache, pathOf(cache, layer, at), bytes)
  }
  return found
}

function pathOf({ folder }: HeaderCache, { descriptor }: Layer, member: number): string {
  return join(folder, `${descriptor.digest.replace(":", "-")}-${member}.file`)
}
