/** A file that is read in places, synchronously: what a worker thread has open. */
export type Bytes = {
  /** In bytes. */
  readonly size: number
  /** Exactly `length` bytes from `offset`; throws a plain `Error` beyond the end. The result is the caller's. */
  read(offset: number, length: number): Buffer
  /** The same, in a buffer that the next call uses again: nothing has to be collected after each of many members. */
  lend(offset: number, length: number): Buffer
}

/** Bytes in memory as `Bytes`. */
export function bytesOf(buffer: Uint8Array): Bytes {
  const read = (offset: number, length: number): Buffer => {
    if (offset < 0 || length < 0 || offset + length > buffer.length) throw new RangeError("read beyond the end")
    return Buffer.from(buffer.subarray(offset, offset + length))
  }
  return { size: buffer.length, read, lend: read }
}
