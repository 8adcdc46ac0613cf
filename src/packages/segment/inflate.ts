import { constants, createInflateRaw } from "node:zlib"

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

/**
 * zlib's state as Node has it. Node's own functions make a new one for each stream; reaching for it is how npm's
 * `minizlib` works too, and the form has not changed since Node 12.
 */
type Handle = {
  reset(): void
  /** Flush, input with place and length, output with place and length; leaves what is over in the write state. */
  writeSync(...call: [number, Uint8Array | null, number, number, Uint8Array, number, number]): void
  onerror: (message: string, errno: number, code: string) => void
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
  const stream = createInflateRaw() as unknown as { _handle?: Handle; _writeState?: Uint32Array }
  const { _handle: handle, _writeState: state } = stream
  if (handle === undefined || state === undefined || typeof handle.writeSync !== "function")
    throw new Error(`Node ${process.versions.node} keeps its zlib where it cannot be used`)
  const output = Buffer.allocUnsafeSlow(outputSize)
  let problem: string | undefined
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- it is no event target
  handle.onerror = (message) => {
    problem = message
  }
  /** What was made of some input; how much of the input is left. */
  const step = (flush: number, input: Uint8Array, at: number): { made: number; left: number } => {
    handle.writeSync(flush, input, at, input.length - at, output, 0, outputSize)
    if (problem !== undefined) {
      const message = problem
      problem = undefined
      throw new BadStream("cannot be unpacked", { cause: new Error(message) })
    }
    return { made: outputSize - (state[0] as number), left: state[1] as number }
  }
  return {
    inflate({ packed, size }, read, take) {
      handle.reset()
      let made = 0
      const give = (count: number): void => {
        made += count
        if (made > size) throw new BadStream(`cannot be unpacked to ${size} bytes`)
        if (count > 0) take(output.subarray(0, count))
      }
      for (let offset = 0; offset < packed;) {
        const input = read(offset, Math.min(inputSize, packed - offset))
        offset += input.length
        for (let at = 0; ;) {
          const { made: count, left } = step(constants.Z_NO_FLUSH, input, at)
          give(count)
          at = input.length - left
          if (count === outputSize) continue
          if (left > 0) throw new BadStream("has bytes after its end")
          break
        }
      }
      // Says "unexpected end of file" unless the last block has ended.
      give(step(constants.Z_FINISH, nothing, 0).made)
      if (made !== size) throw new BadStream("lies about its size")
    },
  }
}
