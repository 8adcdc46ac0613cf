import { crc32 } from "node:zlib"
import { deflate, stored } from "./deflate.ts"

/** The head of every gzip member that we write: deflate, no name, no time, no system. RFC 1952. */
export const gzipHead: Buffer = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])

/** The end of a gzip member: CRC and size of what it holds, both modulo 2^32. */
export function gzipTail(crc: number, size: number): Buffer {
  const tail = Buffer.alloc(8)
  tail.writeUInt32LE(crc >>> 0, 0)
  tail.writeUInt32LE(size % 2 ** 32, 4)
  return tail
}

/** Bytes as one gzip member, by our own encoder; stored where that is smaller. The same bytes on every machine. */
export function gzipMember(content: Uint8Array): Buffer {
  const packed = deflate(content)
  const body = packed.length <= content.length + 5 * Math.ceil(content.length / 0xffff) ? packed : stored(content)
  return Buffer.concat([gzipHead, body, gzipTail(crc32(content), content.length)])
}
