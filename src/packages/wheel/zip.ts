import type { Bytes } from "./bytes.ts"
import { refusals, shown, type Refuse } from "./refusal.ts"
import { badPath, differing, doubtfulName, foldedPath } from "./zip-name.ts"
import { anotherEnd, findEnd, holdsEnd } from "./zip-end.ts"

/** An entry of a zip archive, as its central directory says. The path of a folder ends in `/`. */
export type Member = {
  readonly path: string
  /** 0 is stored, 8 is deflate. */
  readonly method: 0 | 8
  readonly crc: number
  /** Compressed and uncompressed, in bytes. */
  readonly packed: number
  readonly size: number
  /** Any of the three x bits is set in its Unix mode. */
  readonly executable: boolean
  /** Where its local header stands. */
  readonly offset: number
  /** Where the next local header or the central directory stands: nothing of this member is beyond. */
  readonly limit: number
  readonly flags: number
}

/** What an archive holds. Folders have an entry of their own in some wheels; they are of no use but to be judged. */
export type Archive = { readonly members: readonly Member[]; readonly folders: readonly Member[] }

/** What a wheel may be at most; a larger one is refused. */
const zipLimits: {
  readonly members: number
  /** Of the central directory, in bytes. */
  readonly directory: number
  /** Uncompressed, in bytes. */
  readonly total: number
  /** Uncompressed to compressed, for archives that unpack to more than `ratioFrom` bytes. */
  readonly ratio: number
  readonly ratioFrom: number
} = { members: 100_000, directory: 16 * 1024 ** 2, total: 24 * 1024 ** 3, ratio: 200, ratioFrom: 64 * 1024 ** 2 }

const fixed = 46

/**
 * Reads the central directory of a wheel and judges it: names, bounds, overlaps, duplicates, kinds, ratios. Nothing
 * of the members is read yet; `locate` compares the local header. Fails with one sentence that names the wheel.
 * PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4.
 */
export function readZip(bytes: Bytes, filename: string): Archive {
  const refuse = refusals(filename)
  const end = findEnd(bytes, refuse)
  if (end.count > zipLimits.members) throw refuse(`it has ${end.count} members`)
  if (end.length > zipLimits.directory) throw refuse("its directory is too large")
  const directory = bytes.read(end.offset, end.length)
  const found: Omit<Member, "limit">[] = []
  const folders: Omit<Member, "limit">[] = []
  const offsets: number[] = []
  let at = 0
  for (let index = 0; index < end.count; index++) {
    if (at + fixed > directory.length || directory.readUInt32LE(at) !== 0x02014b50) {
      throw refuse("its directory ends early")
    }
    const { member, next } = readEntry(directory, at, refuse)
    if (member.offset + 30 > end.offset) throw refuse(`its member ${shown(member.path)} lies outside the archive`)
    offsets.push(member.offset)
    if (member.path.endsWith("/")) folders.push(member)
    else found.push(member)
    at = next
  }
  if (at !== directory.length) throw refuse("its directory has more members than it says")
  judge(found, bytes.size, refuse)
  const all = bounded([...found, ...folders], offsets, end.offset, refuse)
  return { members: all.slice(0, found.length), folders: all.slice(found.length) }
}

function readEntry(directory: Buffer, at: number, refuse: Refuse): { member: Omit<Member, "limit">; next: number } {
  const nameLength = directory.readUInt16LE(at + 28)
  const extraLength = directory.readUInt16LE(at + 30)
  const next = at + fixed + nameLength + extraLength + directory.readUInt16LE(at + 32)
  if (next > directory.length) throw refuse("its directory ends early")
  const path = utf8(directory.subarray(at + fixed, at + fixed + nameLength))
  if (path === undefined) throw refuse("one of its members has a name that is not UTF-8")
  const name = (): string => shown(path)
  const bad = badPath(path.endsWith("/") ? path.slice(0, -1) : path)
  if (bad !== undefined) throw refuse(`its member ${name()} ${bad}`)
  const flags = directory.readUInt16LE(at + 8)
  const extra = directory.subarray(at + fixed + nameLength, at + fixed + nameLength + extraLength)
  const doubt = doubtfulName(path, { flags, extra })
  if (doubt !== undefined) throw refuse(`its member ${name()} ${doubt}`)
  if (holdsEnd(directory.subarray(at + fixed + nameLength + extraLength, next))) throw refuse(anotherEnd)
  if ((flags & 0x2041) !== 0) throw refuse(`its member ${name()} is encrypted`)
  if ((flags & 0x20) !== 0) throw refuse(`its member ${name()} is a patch`)
  const method = directory.readUInt16LE(at + 10)
  if (method !== 0 && method !== 8)
    throw refuse(`its member ${name()} is compressed in a way (${method}) that wheels do not use`)
  const zip64 = zip64Fields(extra, {
    size: directory.readUInt32LE(at + 24),
    packed: directory.readUInt32LE(at + 20),
    offset: directory.readUInt32LE(at + 42),
    disk: directory.readUInt16LE(at + 34),
  })
  if (zip64 === undefined) throw refuse(`its member ${name()} has broken zip64 fields`)
  if (zip64.disk !== 0) throw refuse(`its member ${name()} is on another disk`)
  // Whatever system the archive says it is from: there are wheels from Windows with Unix modes, and pip and uv believe them.
  const unix = directory.readUInt32LE(at + 38) >>> 16
  const kind = unix & 0o170000
  if (kind === 0o120000) throw refuse(`its member ${name()} is a symbolic link`)
  if (kind !== 0 && kind !== 0o100000 && !(kind === 0o040000 && path.endsWith("/")))
    throw refuse(`its member ${name()} is no regular file`)
  if (path.endsWith("/") && (zip64.size !== 0 || zip64.packed > 2)) throw refuse(`its folder ${name()} has content`)
  if (method === 0 && zip64.size !== zip64.packed) throw refuse(`its member ${name()} lies about its size`)
  const { size, packed, offset } = zip64
  const crc = directory.readUInt32LE(at + 16)
  return { member: { path, method, crc, packed, size, offset, flags, executable: (unix & 0o111) !== 0 }, next }
}

type Sizes = { size: number; packed: number; offset: number; disk: number }

/** Fills in what stands in the zip64 extra field; undefined when it is not as it should be. APPNOTE 4.5.3. */
export function zip64Fields(extra: Buffer, sizes: Sizes): Sizes | undefined {
  const result = { ...sizes }
  const wanted = (["size", "packed", "offset"] as const).filter((field) => sizes[field] === 0xffffffff)
  let done = wanted.length === 0 && sizes.disk !== 0xffff
  for (let at = 0; at + 4 <= extra.length;) {
    const id = extra.readUInt16LE(at)
    const end = at + 4 + extra.readUInt16LE(at + 2)
    if (end > extra.length) return undefined
    if (id === 1 && !done) {
      let place = at + 4
      for (const field of wanted) {
        if (place + 8 > end) return undefined
        const value = Number(extra.readBigUInt64LE(place))
        if (!Number.isSafeInteger(value)) return undefined
        result[field] = value
        place += 8
      }
      if (sizes.disk === 0xffff) {
        if (place + 4 > end) return undefined
        result.disk = extra.readUInt32LE(place)
      }
      done = true
    }
    at = end
  }
  return done ? result : undefined
}

function utf8(bytes: Buffer): string | undefined {
  const text = bytes.toString("utf8")
  return Buffer.compare(Buffer.from(text, "utf8"), bytes) === 0 ? text : undefined
}

/** Names against each other, and the archive's sizes as a whole. */
function judge(members: readonly Omit<Member, "limit">[], archive: number, refuse: Refuse): void {
  const exact = new Set<string>()
  const folded = new Map<string, string>()
  const folders = new Map<string, string>()
  let total = 0
  for (const { path, size } of members) {
    total += size
    if (exact.has(path)) throw refuse(`it has two members named ${shown(path)}`)
    exact.add(path)
    const key = foldedPath(path)
    const other = folded.get(key)
    if (other !== undefined) throw refuse(`its members ${shown(other)} and ${shown(path)} ${differing(other, path)}`)
    folded.set(key, path)
    for (let slash = key.lastIndexOf("/"); slash > 0; slash = key.lastIndexOf("/", slash - 1)) {
      const folder = key.slice(0, slash)
      if (folders.has(folder)) break
      folders.set(folder, path)
    }
  }
  for (const [key, path] of folded) {
    if (folders.has(key)) throw refuse(`its member ${shown(path)} is a file and a folder`)
  }
  if (total > zipLimits.total) throw refuse(`it unpacks to ${total} bytes, more than ${zipLimits.total}`)
  if (total > zipLimits.ratioFrom && total > archive * zipLimits.ratio) {
    throw refuse(`it unpacks to ${Math.round(total / archive)} times its size`)
  }
}

/** Gives each member the place where it has to end, and refuses those that overlap. */
function bounded(
  members: readonly Omit<Member, "limit">[],
  offsets: number[],
  directory: number,
  refuse: Refuse,
): Member[] {
  offsets.sort((a, b) => a - b)
  const nextOf = new Map<number, number>()
  for (const [index, offset] of offsets.entries()) {
    if (nextOf.has(offset)) throw refuse("two of its members overlap")
    nextOf.set(offset, offsets[index + 1] ?? directory)
  }
  if (offsets.length > 0 && offsets[0] !== 0) throw refuse("it has bytes before its first member")
  return members.map((member) => {
    const limit = nextOf.get(member.offset) ?? directory
    if (member.offset + 30 + Buffer.byteLength(member.path) + member.packed > limit) {
      throw refuse(`its member ${shown(member.path)} overlaps the next one`)
    }
    return { ...member, limit }
  })
}
