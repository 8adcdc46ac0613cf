import { Failure } from "../failure.ts"
import { parallel } from "../parallel.ts"
import type { Image } from "./image.ts"
import { readContents } from "./merged/contents.ts"
import { readHeaders, type HeaderCache } from "./merged/headers.ts"
import { applyLayer, emptyTree, findNode, walkTree, type MergedEntry } from "./merged/tree.ts"

/** The files of an image as a container sees them. Paths may begin with `/` or not. */
export type Merged = {
  /** Everything, parents before children, in byte order. The root's path is `""`. */
  readonly entries: () => Iterable<MergedEntry>
  /** A folder and everything below it; nothing if it is not there. Symbolic links to it are followed. */
  readonly below: (folder: string) => Iterable<MergedEntry>
  /** What is at a path, itself if it is a symbolic link; those on the way are followed. */
  readonly get: (path: string) => MergedEntry | undefined
  /** What a path leads to, all symbolic links followed within the image. */
  readonly resolve: (path: string) => MergedEntry | undefined
  /** The names in a folder, sorted; undefined if it is none. */
  readonly list: (folder: string) => readonly string[] | undefined
  /**
   * The bytes of files, links followed, by the paths as given; what is no file is left out. Each layer is read once
   * at most. Fails with `cannot` when a file is larger than `limit` bytes (16 MiB unless given).
   */
  readonly readFiles: (paths: readonly string[], limit?: number) => Promise<ReadonlyMap<string, Uint8Array>>
  /** The bytes of one file; undefined if there is none. */
  readonly readFile: (path: string, limit?: number) => Promise<Uint8Array | undefined>
}

export type { MergedEntry } from "./merged/tree.ts"
export type { HeaderCache } from "./merged/headers.ts"

/** Layers that are inflated at once. */
const width = 3
const usualLimit = 16 * 1024 * 1024

/**
 * Merges the layers of an image by their headers: contents are skipped, and read later where they are asked for.
 * With a cache each layer is inflated once, and small files that were read are kept. Fails with `cannot` when a layer is malformed.
 */
export async function readMerged(
  image: Image,
  options: { readonly cache?: HeaderCache | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<Merged> {
  const headers = await parallel(image.layers, width, async (layer) => {
    options.signal?.throwIfAborted()
    return await readHeaders(layer, options.cache)
  })
  const root = emptyTree()
  for (const [at, layer] of headers.entries()) applyLayer(root, layer, at)

  const resolve: Merged["resolve"] = (path) => findNode(root, path, { followLast: true })?.entry
  const readFiles: Merged["readFiles"] = async (paths, limit = usualLimit) => {
    const wanted = new Map<number, Map<number, string[]>>()
    for (const path of paths) {
      const entry = resolve(path)
      if (entry?.content === undefined) continue
      if (entry.size > limit)
        throw new Failure("cannot", `${path} in the image has ${entry.size} bytes, more than ${limit}`)
      const { layer, member } = entry.content
      const members = wanted.get(layer) ?? new Map<number, string[]>()
      wanted.set(layer, members.set(member, [...(members.get(member) ?? []), path]))
    }
    const found = new Map<string, Uint8Array>()
    await parallel([...wanted], width, async ([at, members]) => {
      const layer = image.layers[at]
      if (layer === undefined) return
      const contents = await readContents(layer, new Set(members.keys()), options)
      for (const [member, bytes] of contents) for (const name of members.get(member) ?? []) found.set(name, bytes)
    })
    return found
  }
  return {
    entries: () => walkTree(root),
    *below(folder) {
      const node = findNode(root, folder, { followLast: true })
      if (node !== undefined) yield* walkTree(node)
    },
    get: (path) => findNode(root, path, { followLast: false })?.entry,
    resolve,
    list(folder) {
      const node = findNode(root, folder, { followLast: true })
      return node?.entry.kind === "directory" ? [...node.children.keys()].sort() : undefined
    },
    readFiles,
    readFile: async (path, limit) => (await readFiles([path], limit)).get(path),
  }
}
