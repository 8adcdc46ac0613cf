import type { Image } from "../image.ts"
import { layerEntries } from "../layer/open.ts"
import { tarEnd, tarHeader, tarPadding, type TarHeader } from "../tar/header.ts"
import type { Merged, MergedEntry } from "../merged.ts"

export type ArchiveOptions = {
  /** Leave out devices, and set-id bits; make everything readable for its owner: what a plain user can unpack and remove. */
  readonly plain: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * A merged image as one tar archive: directories, then the files of each layer with their hard links, then symbolic
 * links and special files. So whoever unpacks it into an empty folder never meets a symbolic link on the way to a
 * file, and nothing can be written outside. Layers are streamed, one after the other.
 */
export function mergedArchive(image: Image, merged: Merged, options: ArchiveOptions): AsyncIterable<Uint8Array> {
  return joined(archiveParts(image, merged, options))
}

/** Headers and small files one by one would be as many writes: they are joined to pieces of at least this many bytes. */
const pieceSize = 256 * 1024

async function* joined(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let waiting: Uint8Array[] = []
  let size = 0
  for await (const piece of source) {
    waiting.push(piece)
    size += piece.length
    if (size < pieceSize) continue
    yield Buffer.concat(waiting, size)
    waiting = []
    size = 0
  }
  yield Buffer.concat(waiting, size)
}

async function* archiveParts(
  image: Image,
  merged: Merged,
  { plain, signal }: ArchiveOptions,
): AsyncIterable<Uint8Array> {
  const files = new Map<number, Map<number, MergedEntry[]>>()
  const last: MergedEntry[] = []
  for (const entry of merged.entries()) {
    if (entry.kind === "directory") yield tarHeader(headerOf(entry, plain))
    else if (entry.content === undefined) last.push(entry)
    else {
      const { layer, member } = entry.content
      const members = files.get(layer) ?? new Map<number, MergedEntry[]>()
      files.set(layer, members.set(member, [...(members.get(member) ?? []), entry]))
    }
  }
  for (const [at, layer] of image.layers.entries()) {
    const members = files.get(at)
    if (members === undefined) continue
    let member = 0
    for await (const { content } of layerEntries(layer)) {
      signal?.throwIfAborted()
      const [first, ...more] = members.get(member++) ?? []
      if (first === undefined) continue
      yield tarHeader(headerOf(first, plain))
      yield* content
      yield tarPadding(first.size)
      for (const link of more)
        yield tarHeader({ ...headerOf(link, plain), kind: "hardlink", size: 0, link: first.path })
    }
  }
  for (const entry of last) {
    const isDevice = entry.kind === "character" || entry.kind === "block"
    if (!(plain && isDevice)) yield tarHeader(headerOf(entry, plain))
  }
  yield tarEnd
}

function headerOf(entry: MergedEntry, plain: boolean): TarHeader {
  const { path, kind, mode, uid, gid, size, mtime, link, device, xattrs } = entry
  const readable = kind === "directory" ? 0o700 : 0o400
  return {
    path: path === "" ? "." : path,
    kind,
    mode: plain ? (mode & 0o777) | readable : mode,
    uid,
    gid,
    size,
    mtime,
    ...(link === undefined ? {} : { link }),
    ...(device === undefined ? {} : { device }),
    ...(xattrs === undefined || plain ? {} : { xattrs }),
  }
}
