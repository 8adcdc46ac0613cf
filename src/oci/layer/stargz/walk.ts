import { gunzipSync } from "node:zlib"
import { digestOf, isDigest, partsOf } from "../../digest.ts"
import type { Layer } from "../../image.ts"
import type { TarVisitor } from "../../tar/walk.ts"
import { readRange } from "./range.ts"
import { broken, type Chunk, type Toc, type TocMember } from "./toc.ts"

/** Pieces of a layer that are this near to each other are fetched together, in bytes. */
const near = 64 * 1024
/** As much as one request fetches, unless one piece alone is more. */
const most = 4 * 1024 * 1024
/** Requests under way. */
const width = 6
/** What may stand in the gzip members after a piece's content, before the next: headers of folders and links. */
const between = 16 * 1024 * 1024

/** What one request fetches. */
type Group = { readonly first: number; readonly end: number }

/**
 * Shows the members of a layer to a visitor from its table of contents, and fetches only the contents that are wanted, each verified
 * by its own digest. Fails with `cannot` where a content is not what the table says.
 */
export async function walkToc(layer: Layer, { members, offsets }: Toc, visitor: TarVisitor): Promise<void> {
  // The table itself is a file that is not read again.
  const wants = members.map(({ header, chunks }) => chunks.length > 0 && visitor.wants(header))
  const endOf = endFinder(offsets)
  const { groups, groupAt } = groupsOf(layer, { members, wants, endOf })
  const under = new Map<number, Promise<Buffer>>()
  const fetch = (index: number): Promise<Buffer> => {
    for (let next = index; next < Math.min(index + width, groups.length); next++) {
      const group = groups[next]
      if (group === undefined || under.has(next)) continue
      const bytes = readRange(layer, group.first, group.end)
      // Told when it is its turn.
      bytes.catch(() => undefined)
      under.set(next, bytes)
    }
    return under.get(index) as Promise<Buffer>
  }
  let current = -1
  for (const [at, member] of members.entries()) {
    const { header } = member
    const index = groupAt.get(at)
    const group = index === undefined ? undefined : groups[index]
    if (index === undefined || group === undefined) {
      const isEmpty = header.kind === "file" && header.size === 0 && visitor.wants(header)
      visitor.member(header, isEmpty ? Buffer.alloc(0) : undefined)
      continue
    }
    if (index !== current) under.delete(current)
    current = index
    visitor.member(header, contentOf(layer, member, { bytes: await fetch(index), first: group.first, endOf }))
  }
}

type EndOf = (offset: number) => number

/** Where the next member begins after an offset. */
function endFinder(offsets: readonly number[]): EndOf {
  return (offset) => {
    let [low, high] = [0, offsets.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((offsets[middle] ?? 0) > offset) high = middle
      else low = middle + 1
    }
    return offsets[low] ?? offset
  }
}

type Grouping = { readonly members: readonly TocMember[]; readonly wants: readonly boolean[]; readonly endOf: EndOf }

/** What is wanted, in the order of the table, in as few requests as are sensible; and which of them has a member's content. */
function groupsOf(
  layer: Layer,
  { members, wants, endOf }: Grouping,
): { readonly groups: readonly Group[]; readonly groupAt: ReadonlyMap<number, number> } {
  const groups: Group[] = []
  const groupAt = new Map<number, number>()
  for (const [at, { header, chunks }] of members.entries()) {
    if (wants[at] !== true) continue
    let [first, end, size] = [Number.POSITIVE_INFINITY, 0, 0]
    for (const { offset, size: piece } of chunks) {
      first = Math.min(first, offset)
      end = Math.max(end, endOf(offset))
      size += piece
    }
    // What is stored of a file is hardly more than the file; a table that says otherwise wants our memory.
    if (end - first > size + between)
      throw broken(layer, `${header.path} of ${size} bytes would take ${end - first} stored ones`)
    const last = groups.at(-1)
    const joins = last !== undefined && first >= last.first && first - last.end <= near && end - last.first <= most
    if (joins) groups[groups.length - 1] = { first: last.first, end: Math.max(end, last.end) }
    else groups.push({ first, end })
    groupAt.set(at, groups.length - 1)
  }
  return { groups, groupAt }
}

type Fetched = { readonly bytes: Buffer; readonly first: number; readonly endOf: EndOf }

function contentOf(
  layer: Layer,
  { header: { path, size }, chunks }: TocMember,
  { bytes, first, endOf }: Fetched,
): Buffer {
  const pieces = chunks.map((chunk) => {
    const packed = bytes.subarray(chunk.offset - first, endOf(chunk.offset) - first)
    const piece = pieceOf(layer, path, chunk, packed)
    const { digest } = chunk
    if (digest === undefined || !isDigest(digest) || digestOf(piece, partsOf(digest).algorithm) !== digest)
      throw broken(layer, `${path} is not what it says`)
    return piece
  })
  const content = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
  if (content.length !== size) throw broken(layer, `${path} has ${content.length} bytes, not ${size}`)
  return content
}

function pieceOf(layer: Layer, path: string, { inner, size }: Chunk, packed: Buffer): Buffer {
  try {
    const plain = gunzipSync(packed, { maxOutputLength: inner + size + between })
    return plain.subarray(inner, inner + size)
  } catch (error) {
    throw broken(layer, `${path} cannot be unpacked`, error)
  }
}
