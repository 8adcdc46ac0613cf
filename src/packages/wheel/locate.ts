import type { Bytes } from "./bytes.ts"
import { shown, type Refuse } from "./refusal.ts"
import { doubtfulName } from "./zip-name.ts"
import { zip64Fields, type Member } from "./zip.ts"

/**
 * Where a member's compressed bytes begin. Reads its local header and compares it with the central directory:
 * name, method, flags, sizes and CRC must agree, so that no other reader sees another archive. With a data
 * descriptor (flag bit 3) the local sizes may be zero, and the descriptor is compared. Nothing may stand between a
 * member and what follows it: who reads from the front would find what the directory does not have. APPNOTE 4.3.7, 4.3.9.
 */
export function locate(bytes: Bytes, member: Member, refuse: Refuse): number {
  const name = (): string => shown(member.path)
  const header = bytes.read(member.offset, 30)
  if (header.readUInt32LE(0) !== 0x04034b50) throw refuse(`its member ${name()} has no header`)
  const nameLength = header.readUInt16LE(26)
  const extraLength = header.readUInt16LE(28)
  const start = member.offset + 30 + nameLength + extraLength
  if (start + member.packed > member.limit) throw refuse(`its member ${name()} overlaps the next one`)
  const rest = bytes.read(member.offset + 30, nameLength + extraLength)
  const disagrees = (what: string): never => {
    throw refuse(`its member ${name()} has another ${what} in its own header than in the directory`)
  }
  if (rest.toString("utf8", 0, nameLength) !== member.path) disagrees("name")
  if (header.readUInt16LE(8) !== member.method) disagrees("compression")
  const flags = header.readUInt16LE(6)
  if (((flags ^ member.flags) & 0x2049) !== 0) disagrees("set of flags")
  const doubt = doubtfulName(member.path, { flags, extra: rest.subarray(nameLength) })
  if (doubt !== undefined) throw refuse(`its member ${name()} ${doubt} in its own header`)
  const sizes = zip64Fields(rest.subarray(nameLength), {
    size: header.readUInt32LE(22),
    packed: header.readUInt32LE(18),
    offset: 0,
    disk: 0,
  })
  if (sizes === undefined) throw refuse(`its member ${name()} has broken zip64 fields`)
  const crc = header.readUInt32LE(14)
  const described = (flags & 8) !== 0
  if (!(described && crc === 0) && crc !== member.crc) disagrees("CRC")
  if (!(described && sizes.packed === 0) && sizes.packed !== member.packed) disagrees("size")
  if (!(described && sizes.size === 0) && sizes.size !== member.size) disagrees("size")
  const end = start + member.packed
  const lengths = described ? descriptorLengths(bytes, member, end) : [0]
  if (lengths.length === 0) disagrees("data descriptor")
  if (!lengths.includes(member.limit - end)) throw refuse(`its member ${name()} is followed by bytes of no member`)
  return start
}

/** How long the data descriptor is; with or without its signature, with sizes of four or of eight bytes: writers differ. */
function descriptorLengths(bytes: Bytes, member: Member, at: number): readonly number[] {
  const after = bytes.read(at, Math.min(24, member.limit - at))
  const lengths: number[] = []
  for (const start of [4, 0]) {
    if (start === 4 && (after.length < 4 || after.readUInt32LE(0) !== 0x08074b50)) continue
    for (const width of [4, 8]) {
      if (after.length < start + 4 + 2 * width) continue
      const read = (place: number): number =>
        width === 4 ? after.readUInt32LE(place) : Number(after.readBigUInt64LE(place))
      const same = after.readUInt32LE(start) === member.crc
      if (same && read(start + 4) === member.packed && read(start + 4 + width) === member.size)
        lengths.push(start + 4 + 2 * width)
    }
  }
  return lengths
}
