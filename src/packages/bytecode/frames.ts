/** What the compiling process is given: one source file after the other. `program.ts` reads it. */

/** A source file of a wheel, and where it stands in the environment. */
export type SourceFile = {
  /** Relative to the prefix. */
  readonly path: string
  /** In bytes. */
  readonly size: number
}

/** What stands before a file's bytes: the lengths of both, big endian, and the path in the image. */
export function sourceHead(path: string, size: number): Buffer {
  const name = Buffer.from(path)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(name.length, 0)
  head.writeUInt32BE(size, 4)
  return Buffer.concat([head, name])
}

/** A `.pyc` in a pack. */
export type PackedFile = {
  /** Relative to the prefix: `lib/python3.11/site-packages/x/__pycache__/y.cpython-311.pyc`. */
  readonly path: string
  /** Where it begins in the pack, in bytes. */
  readonly offset: number
  /** In bytes. */
  readonly size: number
}

/**
 * Takes the lengths out of what the compiling process wrote and gives the rest. Says with `found` how long the answer to
 * each source is, in their order; 0 for one that does not compile.
 */
export async function* withoutLengths(
  stream: AsyncIterable<Uint8Array>,
  found: (size: number) => void,
): AsyncIterable<Uint8Array> {
  let head: Buffer = Buffer.alloc(0)
  let left = 0
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length;) {
      if (left > 0) {
        const piece = chunk.subarray(at, at + left)
        yield piece
        left -= piece.length
        at += piece.length
        continue
      }
      const missing = chunk.subarray(at, at + 4 - head.length)
      head = Buffer.concat([head, missing])
      at += missing.length
      if (head.length < 4) continue
      left = head.readUInt32BE(0)
      head = Buffer.alloc(0)
      found(left)
    }
  }
  if (left > 0 || head.length > 0) throw new RangeError("the answer ends early")
}
