/** Bytes of a stream, taken in the amounts that are wanted. */
export type ByteReader = {
  /** Exactly so many bytes, or fewer at the end of the stream. */
  take(count: number): Promise<Buffer>
  /** At most so many bytes in the pieces in which they come; ends early at the end of the stream. */
  pass(count: number): AsyncIterable<Uint8Array>
  /** Drops so many bytes; how many there were. */
  skip(count: number): Promise<number>
  /** Tells the source that no more is wanted. */
  close(): Promise<void>
}

/** Reads a stream piece by piece; at most one of its chunks is kept. */
export function byteReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = source[Symbol.asyncIterator]()
  let chunk: Uint8Array = new Uint8Array(0)

  const fill = async (): Promise<boolean> => {
    while (chunk.length === 0) {
      const next = await iterator.next()
      if (next.done === true) return false
      chunk = next.value
    }
    return true
  }
  const cut = (count: number): Uint8Array => {
    const piece = chunk.subarray(0, count)
    chunk = chunk.subarray(piece.length)
    return piece
  }
  return {
    async take(count) {
      if (chunk.length >= count) return Buffer.from(cut(count))
      const pieces: Uint8Array[] = []
      for (let left = count; left > 0 && (await fill());) {
        const piece = cut(left)
        pieces.push(piece)
        left -= piece.length
      }
      return Buffer.concat(pieces)
    },
    async *pass(count) {
      for (let left = count; left > 0 && (await fill());) {
        const piece = cut(left)
        left -= piece.length
        yield piece
      }
    },
    async skip(count) {
      let left = count
      while (left > 0 && (await fill())) left -= cut(left).length
      return count - left
    },
    async close() {
      await iterator.return?.()
    },
  }
}
