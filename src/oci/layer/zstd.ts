import { createZstdDecompress } from "node:zlib"
import { byteReader, type ByteReader } from "../tar/bytes.ts"
import { chunkSize, through } from "./through.ts"

/**
 * Inflates any number of zstd frames. Node stops after the first one, so the frames are told apart here, by their
 * block headers (RFC 8878, 3.1); skippable frames are skipped. Malformed input throws an error with a code that
 * starts with `ZSTD`.
 */
export async function* inflateZstd(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = byteReader(source)
  try {
    for (;;) {
      const magic = await reader.take(4)
      if (magic.length === 0) return
      const number = magic.length === 4 ? magic.readUInt32LE() : 0
      if (number >>> 4 === 0x184d2a5) {
        const size = (await exactly(reader, 4)).readUInt32LE()
        if ((await reader.skip(size)) < size) throw malformed("a skippable frame is cut off")
      } else if (number === 0xfd2fb528) yield* through(frame(reader, magic), createZstdDecompress({ chunkSize }))
      else throw malformed("a frame has a wrong magic number")
    }
  } finally {
    await reader.close()
  }
}

/** The bytes of one frame, as they are. */
async function* frame(reader: ByteReader, magic: Buffer): AsyncIterable<Uint8Array> {
  const descriptor = (await exactly(reader, 1))[0] ?? 0
  const isSingleSegment = (descriptor & 0x20) !== 0
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] ?? 0
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0
  const header = await exactly(reader, (isSingleSegment ? 0 : 1) + dictionary + contentSize)
  yield Buffer.concat([magic, Buffer.from([descriptor]), header])
  for (let isLast = false; !isLast;) {
    const block = await exactly(reader, 3)
    const value = block.readUIntLE(0, 3)
    isLast = (value & 1) === 1
    const type = (value >>> 1) & 3
    if (type === 3) throw malformed("a block has a reserved type")
    const size = type === 1 ? 1 : value >>> 3
    yield block
    let left = size
    for await (const piece of reader.pass(size)) {
      left -= piece.length
      yield piece
    }
    if (left > 0) throw malformed("a block is cut off")
  }
  if ((descriptor & 4) !== 0) yield await exactly(reader, 4)
}

async function exactly(reader: ByteReader, count: number): Promise<Buffer> {
  const bytes = await reader.take(count)
  if (bytes.length < count) throw malformed("a frame is cut off")
  return bytes
}

function malformed(why: string): Error {
  return Object.assign(new Error(`malformed zstd: ${why}`), { code: "ZSTD_malformed" })
}
