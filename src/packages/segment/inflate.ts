import { constants, createInflateRaw } from "node:zlib"
import { zlibHandle } from "../../oci/layer/zlib-handle.ts"

/**
 * Unpacks one deflate stream after another with one state, and into buffers that are used again: a state and a buffer
 * for each of thirty thousand small members would cost more than unpacking them.
 */
export type Inflater = {
  /**
   * Gives the content to `take` in pieces, each valid only until `take` returns. `read` gives the compressed bytes in
   * pieces of at most what is asked for. Throws `BadStream` unless the stream ends with the last of `packed` bytes and
   * gives exactly `size`.
   */
  inflate(
    stream: { readonly packed: number; readonly size: number },
    read: (offset: number, length: number) => Uint8Array,
    take: (plain: Buffer) => void,
  ): void
}

/** Why a stream was not what it should be, in words that follow its name. */
export class BadStream extends Error {
  override readonly name = "BadStream"
}

const inputSize = 256 * 1024
const outputSize = 512 * 1024
const nothing = new Uint8Array(0)

/** Makes an inflater. Fails when this Node keeps its zlib elsewhere, which a test would have seen. */
export function inflater(): Inflater {
  const zlib = zlibHandle(
    createInflateRaw(),
    outputSize,
    (message) => new BadStream("cannot be unpacked", { cause: new Error(message) }),
  )
  return {
    inflate({ packed, size }, read, take) {
      zlib.reset()
      let made = 0
      const give = (count: number): void => {
        made += count
        if (made > size) throw new BadStream(`cannot be unpacked to ${size} bytes`)
        if (count > 0) take(zlib.output.subarray(0, count))
      }
      for (let offset = 0; offset < packed;) {
        const input = read(offset, Math.min(inputSize, packed - offset))
        offset += input.length
        for (let at = 0; ;) {
          const { made: count, left } = zlib.step(constants.Z_NO_FLUSH, input, at)
          give(count)
          at = input.length - left
          if (count === outputSize) continue
          if (left > 0) throw new BadStream("has bytes after its end")
          break
        }
      }
      // Says "unexpected end of file" unless the last block has ended.
      give(zlib.step(constants.Z_FINISH, nothing, 0).made)
      if (made !== size) throw new BadStream("lies about its size")
    },
  }
}
