import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { hasher, type Digest } from "../../../oci/digest.ts"
import type { OpenBytes } from "../join.ts"

/** Small reads are answered from a piece of the file that is read at once: members stand close to each other. */
const windowSize = 256 * 1024
const small = 32 * 1024

/** Lent to one reader at a time; grows to the largest piece that is asked for. */
let scratch = Buffer.allocUnsafeSlow(256 * 1024)

/** Opens a file for synchronous reads in places. */
export function openBytes(file: string): OpenBytes {
  const handle = openSync(file, "r")
  const { size } = fstatSync(handle)
  const window = Buffer.allocUnsafe(Math.min(windowSize, size))
  let from = 0
  let until = 0
  const fill = (buffer: Buffer, offset: number): Buffer => filled(handle, buffer, offset)
  /** The bytes in the window, which is moved for small reads; undefined for large ones elsewhere. */
  const seen = (offset: number, length: number): Buffer | undefined => {
    if (offset < 0 || length < 0 || offset + length > size) throw new RangeError("read beyond the end")
    if (offset < from || offset + length > until) {
      if (length > small) return undefined
      from = offset
      until = from
      const count = Math.min(windowSize, size - offset)
      fill(window.subarray(0, count), offset)
      until = from + count
    }
    return window.subarray(offset - from, offset - from + length)
  }
  return {
    size,
    read(offset, length) {
      const found = seen(offset, length)
      return found === undefined ? fill(Buffer.allocUnsafe(length), offset) : Buffer.from(found)
    },
    lend(offset, length) {
      const found = seen(offset, length)
      if (found !== undefined) return found
      if (length > scratch.length) scratch = Buffer.allocUnsafeSlow(length)
      return fill(scratch.subarray(0, length), offset)
    },
    close: () => closeSync(handle),
  }
}

/** The buffer, filled from a place of a file. */
export function filled(handle: number, buffer: Buffer, offset: number): Buffer {
  for (let done = 0; done < buffer.length;) {
    const count = readSync(handle, buffer, done, buffer.length - done, offset + done)
    if (count === 0) throw new RangeError("the file became shorter while it was read")
    done += count
  }
  return buffer
}

/** The digest of a file's bytes. */
export function digestOfFile(file: string): Digest {
  const handle = openSync(file, "r")
  try {
    const hash = hasher()
    for (let count = 1; count > 0;) {
      count = readSync(handle, scratch, 0, scratch.length, null)
      hash.update(scratch.subarray(0, count))
    }
    return hash.digest()
  } finally {
    closeSync(handle)
  }
}
