import { crc32, inflateRawSync } from "node:zlib"

/**
 * What a reader finds in gzip that stops after the first member, its CRC and size verified, and how many bytes it leaves.
 * RFC 1952, 2.2 and 2.3; for members with no more than a head, as we write them.
 */
export function firstMember(blob: Uint8Array): { readonly content: Buffer; readonly left: number } {
  const head = 10
  const flags = blob[3]
  if (blob[0] !== 0x1f || blob[1] !== 0x8b || flags !== 0) throw new Error("no gzip member with a plain head")
  // Types of Node know nothing of `info`.
  const { buffer, engine } = inflateRawSync(blob.subarray(head), { info: true }) as unknown as {
    readonly buffer: Buffer
    readonly engine: { readonly bytesWritten: number }
  }
  const end = head + engine.bytesWritten
  const tail = Buffer.from(blob.subarray(end, end + 8))
  if (tail.readUInt32LE(0) !== crc32(buffer) || tail.readUInt32LE(4) !== buffer.length % 2 ** 32)
    throw new Error("the member's CRC or size is another")
  return { content: buffer, left: blob.length - end - 8 }
}
