import { promisify } from "node:util"
import { gzip } from "node:zlib"

const compress = promisify(gzip)

/** Uncompressed bytes of one gzip member. Larger ones compress no better; smaller ones cost headers. */
const memberSize = 4 * 1024 * 1024

/**
 * A stream as gzip, in members that are compressed at the same time on as many threads as `width`, whose number
 * changes nothing in the bytes. They are the same on one version of zlib; others may give others. RFC 1952 has
 * any number of members mean their contents joined, and every consumer of layers reads it so.
 */
export async function* gzipMembers(source: AsyncIterable<Uint8Array>, width: number): AsyncIterable<Uint8Array> {
  // Buffers go round: a new one of this size for each piece would wait for the collector by the dozen.
  const free: Buffer<ArrayBuffer>[] = []
  const running: Promise<Uint8Array>[] = []
  const begin = async (piece: Buffer<ArrayBuffer>, length: number): Promise<Uint8Array> => {
    const packed = await compress(piece.subarray(0, length), { level: 6 })
    free.push(piece)
    return packed
  }
  let piece = Buffer.allocUnsafe(memberSize)
  let filled = 0
  let count = 0
  try {
    for await (const chunk of source)
      for (let at = 0; at < chunk.length;) {
        const taken = Math.min(chunk.length - at, memberSize - filled)
        piece.set(chunk.subarray(at, at + taken), filled)
        filled += taken
        at += taken
        if (filled < memberSize) continue
        running.push(begin(piece, filled))
        count++
        filled = 0
        if (running.length >= width) yield (await running.shift()) as Uint8Array
        piece = free.pop() ?? Buffer.allocUnsafe(memberSize)
      }
    // One empty member for an empty stream.
    if (filled > 0 || count === 0) running.push(begin(piece, filled))
    while (running.length > 0) yield (await running.shift()) as Uint8Array
  } finally {
    await Promise.allSettled(running)
  }
}
