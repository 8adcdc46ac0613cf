import type { Bytes } from "./bytes.ts"
import type { Refuse } from "./refusal.ts"

/** Where the central directory stands. */
export type ZipEnd = { readonly offset: number; readonly length: number; readonly count: number }

const endSize = 22
const locatorSize = 20
const end64Size = 56

/** What an archive's comment, or a member's, must not hold: who looks for it from another side would begin there. */
const ends = [0x06054b50, 0x06064b50, 0x07064b50].map((signature) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(signature)
  return bytes
})

/** True where bytes that belong to no record could be taken for an end record, for a zip64 one, or for what refers to that. */
export function holdsEnd(bytes: Buffer): boolean {
  return ends.some((end) => bytes.includes(end))
}

/** The sentence for an archive with such bytes. */
export const anotherEnd = "it has another end in a comment, where some programs would begin to read it"

/**
 * Finds the end record, and the zip64 one where the first refers to it. The records must stand one after the other
 * at the very end: an archive with bytes behind it, or two readings, is refused. Some programs go by a zip64 record that
 * the first does not refer to, others by what the first says beside it: then both say the same, or it is refused.
 * APPNOTE 4.3.14-4.3.16.
 */
export function findEnd(bytes: Bytes, refuse: Refuse): ZipEnd {
  if (bytes.size < endSize) throw refuse("it is no zip archive")
  const tailSize = Math.min(bytes.size, endSize + 0xffff)
  const tail = bytes.read(bytes.size - tailSize, tailSize)
  let at = -1
  for (let place = tail.length - endSize; place >= 0; place--) {
    if (tail.readUInt32LE(place) !== 0x06054b50) continue
    if (place + endSize + tail.readUInt16LE(place + 20) !== tail.length) continue
    if (at !== -1) throw refuse("it has another end, whose comment would be the first")
    at = place
  }
  if (at === -1) throw refuse("it is no zip archive, is cut short, or has bytes after its end")
  if (holdsEnd(tail.subarray(at + endSize))) throw refuse(anotherEnd)
  const position = bytes.size - tailSize + at
  const small = {
    disk: tail.readUInt16LE(at + 4),
    directoryDisk: tail.readUInt16LE(at + 6),
    here: tail.readUInt16LE(at + 8),
    count: tail.readUInt16LE(at + 10),
    length: tail.readUInt32LE(at + 12),
    offset: tail.readUInt32LE(at + 16),
  }
  const large = small.count === 0xffff || small.length === 0xffffffff || small.offset === 0xffffffff
  const locator = position >= locatorSize ? bytes.read(position - locatorSize, locatorSize) : Buffer.alloc(locatorSize)
  if (locator.readUInt32LE(0) === 0x07064b50) {
    if (!large) throw refuse("it has another end, of zip64, that its own does not refer to")
    const found = findEnd64(bytes, { locator, position }, refuse)
    const same =
      [0xffff, found.count].includes(small.count) &&
      [0xffffffff, found.length].includes(small.length) &&
      [0xffffffff, found.offset].includes(small.offset)
    if (!same) throw refuse("it has two ends that disagree")
    return found
  }
  if (small.disk !== 0 || small.directoryDisk !== 0 || small.here !== small.count) {
    throw refuse("it is one part of several")
  }
  if (small.offset + small.length !== position) throw refuse("its directory is not where it says")
  return { offset: small.offset, length: small.length, count: small.count }
}

function findEnd64(bytes: Bytes, from: { locator: Buffer; position: number }, refuse: Refuse): ZipEnd {
  const place = Number(from.locator.readBigUInt64LE(8))
  if (!Number.isSafeInteger(place) || place + end64Size + locatorSize > from.position) {
    throw refuse("its zip64 record is not where it says")
  }
  const record = bytes.read(place, end64Size)
  const size = Number(record.readBigUInt64LE(4))
  if (record.readUInt32LE(0) !== 0x06064b50 || place + 12 + size + locatorSize !== from.position) {
    throw refuse("its zip64 record is broken")
  }
  const [here, count, length, offset] = [24, 32, 40, 48].map((at) => Number(record.readBigUInt64LE(at)))
  if (count === undefined || length === undefined || offset === undefined || here !== count) {
    throw refuse("it is one part of several")
  }
  if (record.readUInt32LE(16) !== 0 || record.readUInt32LE(20) !== 0) throw refuse("it is one part of several")
  if (offset + length !== place) throw refuse("its directory is not where it says")
  return { offset, length, count }
}
