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
  return Buffer.concat([gzipHead, shorter(content, true), gzipTail(crc32(content), content.length)])
}

/** Bytes as `gzipMember` has them, for a member of many such runs: after the last of them comes `lastBlock`. */
export function deflateRun(content: Uint8Array): Buffer {
  return shorter(content, false)
}

/** An empty last block with fixed codes, which ends runs. RFC 1951, 3.2.6. */
export const lastBlock: Buffer = Buffer.from([0x03, 0x00])

function shorter(content: Uint8Array, isEnded: boolean): Buffer {
  const packed = deflate(content, isEnded)
  return packed.length <= content.length + 5 * Math.ceil(content.length / 0xffff) ? packed : stored(content, isEnded)
}
