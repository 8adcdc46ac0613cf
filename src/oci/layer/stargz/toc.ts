import { gunzipSync } from "node:zlib"
import { z } from "zod"
import { Failure } from "../../../failure.ts"
import { digestOf, isDigest } from "../../digest.ts"
import type { Layer } from "../../image.ts"
import { jsonOf } from "../../json-of.ts"
import { constantTime, type TarHeader, type TarKind } from "../../tar/header.ts"
import { readRange } from "./range.ts"

/** The annotation of a layer that says which table of contents it has. */
const tocDigest = "containerd.io/snapshot/stargz/toc.digest"
const footerSize = 51
/** The file of the archive that is the table. */
const tableName = "stargz.index.json"
/** The end of a layer, with which most tables come at once. */
const firstRead = 256 * 1024
/** Tables of images of a hundred thousand files have 40 MB. */
const largest = { packed: 64 * 1024 * 1024, plain: 256 * 1024 * 1024 } as const
/** Entries of a table: an image of a hundred thousand files has a tenth of it. */
const mostEntries = 1_000_000
/** Bytes before a piece in its gzip member: writers join small files. */
const mostInner = 64 * 1024 * 1024

/** A piece of a file's content: where the gzip member is that it is in, and where it is in that member's bytes. */
export type Chunk = {
  readonly offset: number
  readonly inner: number
  readonly size: number
  readonly digest: string | undefined
}

/** A member of the archive, in its order. */
export type TocMember = {
  readonly header: TarHeader & { readonly mtime: number }
  /** Of a file's content; the table itself has none. */
  readonly chunks: readonly Chunk[]
}

export type Toc = {
  readonly members: readonly TocMember[]
  /** Where members of the layer begin, in order, and where the table does. */
  readonly offsets: readonly number[]
}

const number = z.int().nonnegative()
const Entry = z.looseObject({
  name: z.string(),
  type: z.string(),
  size: number.optional(),
  mode: number.optional(),
  uid: number.optional(),
  gid: number.optional(),
  linkName: z.string().optional(),
  offset: number.optional(),
  innerOffset: number.optional(),
  chunkOffset: number.optional(),
  chunkSize: number.optional(),
  chunkDigest: z.string().optional(),
})
const Table = z.looseObject({ version: z.literal(1), entries: z.array(Entry) })

const kinds: Readonly<Record<string, TarKind>> = {
  dir: "directory",
  reg: "file",
  symlink: "symlink",
  hardlink: "hardlink",
  char: "character",
  block: "block",
  fifo: "fifo",
}

/**
 * The table of contents of a layer in eStargz, verified against the digest that the image's manifest has; undefined where the layer has
 * none. Fails with `cannot` where it says that it has one, and it is another, or no such thing.
 * https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md
 */
export async function readToc(layer: Layer): Promise<Toc | undefined> {
  const wanted = layer.descriptor.annotations?.[tocDigest]
  const { size } = layer.descriptor
  if (wanted === undefined || !isDigest(wanted) || size < footerSize) return undefined
  const first = Math.max(0, size - firstRead)
  const end = await readRange(layer, first, size)
  const place = placeOf(end.subarray(-footerSize))
  if (place === undefined || place >= size - footerSize) throw broken(layer, "its end does not say where it is")
  if (size - footerSize - place > largest.packed) throw broken(layer, "it is too large")
  const packed =
    place >= first ? end.subarray(place - first, -footerSize) : await readRange(layer, place, size - footerSize)
  const table = tableOf(layer, packed)
  if (digestOf(table, wanted.startsWith("sha512") ? "sha512" : "sha256") !== wanted)
    throw broken(layer, "it is another than the image's manifest names")
  const parsed = Table.safeParse(jsonOf(table))
  if (!parsed.success) throw broken(layer, "it is not of the form that readers expect")
  return tocOf(layer, parsed.data.entries, place, table.length)
}

/** Where the table begins, as the empty gzip member at the end says it. */
function placeOf(footer: Buffer): number | undefined {
  const text = footer.subarray(16, 38).toString("latin1")
  const [, hex] = /^([0-9a-f]{16})STARGZ$/.exec(text) ?? []
  return hex === undefined || footer.readUInt16BE(0) !== 0x1f8b ? undefined : Number.parseInt(hex, 16)
}

/** The bytes of the table: it is the one file of an archive of its own. */
function tableOf(layer: Layer, packed: Buffer): Buffer {
  let archive: Buffer
  try {
    archive = gunzipSync(packed, { maxOutputLength: largest.plain })
  } catch (error) {
    throw broken(layer, "it cannot be unpacked", error)
  }
  const name = archive.subarray(0, 100).toString("latin1").replace(/\0.*$/, "")
  const length = Number.parseInt(archive.subarray(124, 136).toString("latin1"), 8)
  if (name !== tableName || !(length >= 0) || 512 + length > archive.length)
    throw broken(layer, "it is not where its layer says")
  return archive.subarray(512, 512 + length)
}

function tocOf(layer: Layer, entries: readonly z.infer<typeof Entry>[], place: number, length: number): Toc {
  const members: (TocMember & { readonly chunks: Chunk[] })[] = []
  const offsets = new Set<number>([place])
  if (entries.length > mostEntries) throw broken(layer, `it has more than ${mostEntries} entries`)
  for (const entry of entries) {
    const { name, type, size = 0, mode = 0, uid = 0, gid = 0, linkName, offset } = entry
    if (offset !== undefined) {
      if ((entry.innerOffset ?? 0) > mostInner) throw broken(layer, `${name} is too far inside of its member`)
      if (offset >= place) throw broken(layer, `it says that ${name} is behind it`)
      offsets.add(offset)
    }
    const last = members.at(-1)
    if (type === "chunk") {
      if (last?.header.path !== pathOf(name)) throw broken(layer, `it has a piece of ${name} without the file`)
      last.chunks.push(chunkOf(entry, last.header.size))
      continue
    }
    const kind = kinds[type]
    if (kind === undefined) throw broken(layer, `it has a ${type}`)
    const chunks = kind === "file" && size > 0 ? [chunkOf(entry, size)] : []
    const link = linkName === undefined ? {} : { link: linkName }
    const sizes = { size: kind === "file" ? size : 0, mtime: constantTime }
    members.push({ header: { path: pathOf(name), kind, mode, uid, gid, ...sizes, ...link }, chunks })
  }
  // The table is a file of the layer too.
  const own = { path: tableName, kind: "file", mode: 0o444, uid: 0, gid: 0, size: length, mtime: constantTime } as const
  members.push({ header: own, chunks: [] })
  return { members, offsets: [...offsets].sort((a, b) => a - b) }
}

function chunkOf(
  { offset = 0, innerOffset = 0, chunkOffset = 0, chunkSize = 0, chunkDigest }: z.infer<typeof Entry>,
  size: number,
): Chunk {
  // The last one goes to the end of its file.
  const length = chunkSize === 0 ? size - chunkOffset : chunkSize
  return { offset, inner: innerOffset, size: Math.max(0, length), digest: chunkDigest }
}

function pathOf(name: string): string {
  return name.replace(/^\.?\/+/, "").replace(/\/+$/, "")
}

/** Says that a layer's table cannot be used. */
export function broken({ descriptor }: Layer, why: string, cause?: unknown): Failure {
  return new Failure("cannot", `Cannot use the table of contents of the layer ${descriptor.digest}: ${why}`, {
    cause,
    hint: "The layer is damaged, or made to mislead who reads it. `--read-layers` reads it whole",
  })
}
