import { promisify } from "node:util"
import { constants, crc32, deflateRaw } from "node:zlib"
import { gzipHead, gzipTail, lastBlock } from "../packages/segment/forms/gzip.ts"

const compress = promisify(deflateRaw)

/** Each piece ends at a byte, with an empty block that is not the last: another may follow. */
const options = { level: 6, finishFlush: constants.Z_FULL_FLUSH }

/** Uncompressed bytes that are compressed at once. Larger pieces compress no better. */
const pieceSize = 4 * 1024 * 1024

/**
 * A stream as gzip of one member, of pieces that are compressed at the same time on as many threads as `width`, whose
 * number changes nothing in the bytes. They are the same on one version of zlib; others may give others. Some readers
 * of layers stop after the first member (docs/decisions/0074), so that there is one.
 */
export async function* gzipStream(source: AsyncIterable<Uint8Array>, width: number): AsyncIterable<Uint8Array> {
  // Buffers go round: a new one of this size for each piece would wait for the collector by the dozen.
  const free: Buffer<ArrayBuffer>[] = []
  const running: Promise<Uint8Array>[] = []
  let crc = 0
  let size = 0
  const begin = async (piece: Buffer<ArrayBuffer>, length: number): Promise<Uint8Array> => {
    crc = crc32(piece.subarray(0, length), crc)
    size += length
    const packed = await compress(piece.subarray(0, length), options)
    free.push(piece)
    return packed
  }
  let piece = Buffer.allocUnsafe(pieceSize)
  let filled = 0
  try {
    yield gzipHead
    for await (const chunk of source)
      for (let at = 0; at < chunk.length;) {
        const taken = Math.min(chunk.length - at, pieceSize - filled)
        piece.set(chunk.subarray(at, at + taken), filled)
        filled += taken
        at += taken
        if (filled < pieceSize) continue
        running.push(begin(piece, filled))
        filled = 0
        if (running.length >= width) yield (await running.shift()) as Uint8Array
        piece = free.pop() ?? Buffer.allocUnsafe(pieceSize)
      }
    if (filled > 0) running.push(begin(piece, filled))
    while (running.length > 0) yield (await running.shift()) as Uint8Array
    yield Buffer.concat([lastBlock, gzipTail(crc, size)])
  } finally {
    await Promise.allSettled(running)
  }
}
