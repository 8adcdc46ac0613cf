import { constants, crc32, inflateRawSync } from "node:zlib"
import type { Bytes } from "./bytes.ts"
import { locate } from "./locate.ts"
import { shown, type Refuse } from "./refusal.ts"
import type { Member } from "./zip.ts"

/** Unpacks compressed bytes in one piece. They must give exactly `member.size` bytes, with its CRC, and nothing may be left over. */
function unpack(packed: Buffer, member: Member, refuse: Refuse): Buffer {
  const content = member.method === 0 ? packed : inflate(packed, member, refuse)
  checkContent({ size: content.length, crc: crc32(content) }, member, refuse)
  return content
}

/** Compares what was unpacked with what the directory says. */
export function checkContent(
  found: { readonly size: number; readonly crc: number },
  member: Member,
  refuse: Refuse,
): void {
  if (found.size !== member.size) throw refuse(`its member ${shown(member.path)} lies about its size`)
  if (found.crc !== member.crc) throw refuse(`its member ${shown(member.path)} does not match its CRC`)
}

function inflate(packed: Buffer, member: Member, refuse: Refuse): Buffer {
  // One byte more than is expected, so that zlib ends in one call and a longer stream is noticed.
  const options = { chunkSize: Math.max(64, member.size + 1), maxOutputLength: Math.max(1, member.size), info: true }
  let result: { buffer: Buffer; engine: { bytesWritten: number } }
  try {
    result = inflateRawSync(packed, options) as unknown as typeof result
  } catch (error) {
    throw refuse(`its member ${shown(member.path)} cannot be unpacked to ${member.size} bytes`, error)
  }
  // What stands behind the stream would be spliced into the layer.
  if (result.engine.bytesWritten !== packed.length)
    throw refuse(`its member ${shown(member.path)} has bytes after its end`)
  return result.buffer
}

/** The whole content of a small member, located and verified. `limit` in bytes. */
export function readMember(bytes: Bytes, member: Member, options: { refuse: Refuse; limit: number }): Buffer {
  const { refuse, limit } = options
  if (member.size > limit) throw refuse(`its member ${shown(member.path)} is larger than ${limit} bytes`)
  return unpack(bytes.read(locate(bytes, member, refuse), member.packed), member, refuse)
}

/** The first bytes of a member, at most `count`, without reading or verifying the rest. */
export function peek(bytes: Bytes, member: Member, options: { refuse: Refuse; count: number }): Buffer {
  const start = locate(bytes, member, options.refuse)
  const packed = bytes.read(start, Math.min(member.packed, member.method === 0 ? options.count : 1024))
  if (member.method === 0) return packed
  try {
    return inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, options.count)
  } catch (error) {
    throw options.refuse(`its member ${shown(member.path)} cannot be unpacked`, error)
  }
}
