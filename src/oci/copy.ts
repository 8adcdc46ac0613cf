import { Failure } from "../failure.ts"
import { parallel } from "../parallel.ts"
import type { Descriptor } from "./descriptor.ts"
import { ImageIndex, ImageManifest, isForeign, isIndexType, isManifestType, parseJson } from "./manifest.ts"
import type { Digest } from "./digest.ts"
import type { Location, Manifest, Mount, Store } from "./store/store.ts"

export type CopyOptions = {
  readonly signal?: AbortSignal | undefined
  /** Blobs at once; 4 unless given. */
  readonly width?: number
  /** Puts a blob by calling `write`, with another repository that may have it already; or not, where it is there. */
  readonly put?: ((digest: Digest, write: (mount?: Mount) => Promise<void>) => Promise<void>) | undefined
  /** Called as bytes arrive: how many are through, what was there already included, and how many there are. */
  readonly progress?: ((done: number, total: number) => void) | undefined
}

/** What a copy did. */
export type Copied = {
  readonly descriptor: Descriptor
  /** Bytes that were read and written; what was there or was mounted is not counted. */
  readonly moved: number
  /** Bytes of all blobs. */
  readonly total: number
}

/** Children of an index, at most so deep. */
const deepest = 4

/**
 * Copies a manifest, or an index and all it names, between stores or between repositories of one store (then blobs
 * are mounted). Blobs first, then manifests from the bottom up, so that what can be seen is whole. Manifest bytes
 * are kept as they are. Layers that are not to be distributed are copied only where they are there.
 */
export async function copyManifest(
  from: Location,
  to: { readonly store: Store; readonly repository: string },
  options: CopyOptions = {},
): Promise<Copied> {
  const { signal, width = 4, progress } = options
  const manifests = await gather(from, signal)
  const blobs = new Map<string, Descriptor>()
  for (const manifest of manifests) for (const blob of blobsOf(manifest)) blobs.set(blob.digest, blob)
  const all = [...blobs.values()]
  const total = all.reduce((sum, { size }) => sum + size, 0)
  let [moved, done] = [0, 0]
  const isOneStore = from.store === to.store || from.store.name === to.store.name
  const isOnePlace = isOneStore && from.repository === to.repository

  await parallel(isOnePlace ? [] : all, width, async (blob) => {
    signal?.throwIfAborted()
    let read = 0
    const open = async function* (): AsyncIterable<Uint8Array> {
      done -= read
      moved -= read
      read = 0
      const bytes = from.store.lend?.(from.repository, blob.digest) ?? from.store.read(from.repository, blob.digest)
      for await (const chunk of bytes) {
        signal?.throwIfAborted()
        read += chunk.length
        done += chunk.length
        moved += chunk.length
        progress?.(done, total)
        yield chunk
      }
    }
    if (isForeign(blob.mediaType) && !(await from.store.has(from.repository, blob.digest))) return
    const write = (mount?: Mount): Promise<void> => to.store.writeBlob(to.repository, blob, open, mount)
    if (isOneStore) await write({ from: from.repository })
    else if (options.put === undefined) await write()
    else await options.put(blob.digest, write)
    done += blob.size - read
    progress?.(done, total)
  })
  for (const { bytes, descriptor } of manifests.toReversed()) {
    signal?.throwIfAborted()
    const digest = await to.store.writeManifest(to.repository, bytes, descriptor.mediaType)
    if (digest !== descriptor.digest)
      throw new Failure("cannot", `${to.store.name} gave ${descriptor.digest} another digest: ${digest}`)
  }
  const top = manifests[0]?.descriptor as Descriptor
  return { descriptor: top, moved, total }
}

/** A manifest and all below it, parents before children, each once. */
async function gather(from: Location, signal: AbortSignal | undefined): Promise<readonly Manifest[]> {
  const found = new Map<string, Manifest>()
  let level: readonly string[] = [from.digest]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) throw new Failure("cannot", `${from.digest} has indexes within indexes without end`)
    signal?.throwIfAborted()
    const manifests = await parallel(level, 8, async (digest) => {
      const manifest = await from.store.readManifest(from.repository, digest)
      if (manifest !== undefined) return manifest
      throw new Failure("cannot", `${from.repository} in ${from.store.name} has no manifest ${digest}`)
    })
    for (const manifest of manifests) {
      // A child that is named on two levels has to be written before both.
      found.delete(manifest.descriptor.digest)
      found.set(manifest.descriptor.digest, manifest)
    }
    level = [...new Set(manifests.flatMap(childrenOf))]
  }
  return [...found.values()]
}

function childrenOf({ bytes, descriptor }: Manifest): readonly string[] {
  if (!isIndexType(descriptor.mediaType)) return []
  return parseJson(bytes, ImageIndex, `the index ${descriptor.digest}`).manifests.map(({ digest }) => digest)
}

/** The config and the layers that a manifest names; none for an index. */
export function blobsOf({ bytes, descriptor }: Manifest): readonly Descriptor[] {
  if (!isManifestType(descriptor.mediaType)) return []
  const { config, layers } = parseJson(bytes, ImageManifest, `the manifest ${descriptor.digest}`)
  return [config, ...layers]
}
