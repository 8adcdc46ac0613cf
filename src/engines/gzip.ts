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
  const running: Promise<Uint8Array>[] = []
  try {
    for await (const piece of pieces(source)) {
      running.push(compress(piece, { level: 6 }))
      if (running.length >= width) yield (await running.shift()) as Uint8Array
    }
    while (running.length > 0) yield (await running.shift()) as Uint8Array
  } finally {
    await Promise.allSettled(running)
  }
}

/** The stream in pieces of one size, the last one shorter; one empty piece for an empty stream. */
async function* pieces(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let piece = Buffer.allocUnsafe(memberSize)
  let filled = 0
  let count = 0
  for await (const chunk of source)
    for (let at = 0; at < chunk.length;) {
      const taken = Math.min(chunk.length - at, memberSize - filled)
      piece.set(chunk.subarray(at, at + taken), filled)
      filled += taken
      at += taken
      if (filled < memberSize) continue
      yield piece
      count++
      piece = Buffer.allocUnsafe(memberSize)
      filled = 0
    }
  if (filled > 0 || count === 0) yield piece.subarray(0, filled)
}
