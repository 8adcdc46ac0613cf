import { crc32 } from "node:zlib"
import { zipOf, type WheelMember } from "./wheels.ts"

/** How many bytes a name must have so that repeating the header before the stream takes a block of five bytes. */
const nameLength = 30

/**
 * A zip archive whose first member, `path`, is the archive itself, byte for byte; `others` follow. The stream is Russ
 * Cox's ("Zip Files All The Way Down"): stored blocks and repetitions, five bytes each, that write themselves, between
 * what stands before and after the stream. The CRC, which is a part of what it is of, is solved for: it is affine over
 * GF(2).
 */
export function quineZip(path: string, others: readonly WheelMember[] = []): Buffer {
  if (Buffer.byteLength(path) !== nameLength) throw new Error(`${path} has not ${nameLength} bytes`)
  const archive = (packed: Buffer, crc: number, size: number): Buffer =>
    zipOf([{ path, packed, says: { crc, size } }, ...others])
  const head = 30 + nameLength
  const around = (crc: number, length: number, size: number): readonly [before: Buffer, after: Buffer] => {
    const bytes = archive(Buffer.alloc(length), crc, size)
    return [bytes.subarray(0, head), bytes.subarray(head + length)]
  }
  const [, after] = around(0, 0, 0)
  const length = stream(Buffer.alloc(head), after).length
  const size = head + length + after.length
  const make = (crc: number): Buffer => archive(stream(...around(crc, length, size)), crc, size)
  return make(fixedPoint((crc) => crc32(make(crc))))
}

/** A stream that unpacks to `before`, itself and `after`. */
function stream(before: Buffer, after: Buffer): Buffer {
  const again = literal(before.length + 5)
  const start = repeatHead(before.length + 5)
  const four = repeatFour()
  const [one, twenty, none] = [literal(5), literal(20), literal(0)]
  // Its own length is a part of what it repeats.
  let end = repeatLast(after.length)
  for (let length = -1; length !== end.length;) {
    length = end.length
    end = repeatLast(length + after.length)
  }
  const rest = literal(end.length + after.length)
  const parts = [
    [again, before, again],
    [start],
    [one, start],
    [one, one],
    [twenty, start, one, one, twenty],
    [four],
    [twenty, four, twenty, four, twenty],
    [four],
    [twenty, four, none, none, rest],
    [four, none, none, rest, end, after],
    [end],
  ]
  return Buffer.concat(parts.flat())
}

/** A stored block's head: the next `count` bytes are output. RFC 1951, 3.2.4. */
function literal(count: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes.writeUInt16LE(count, 1)
  bytes.writeUInt16LE(count ^ 0xffff, 3)
  return bytes
}

/** The last 20 bytes again, in two halves, so that it takes 40 bits. */
function repeatFour(): Buffer {
  return bytesFrom([...blockHead(false), ...copy(10, 20), ...copy(10, 20), ...endOfBlock])
}

/** The last `count` bytes again, and an empty block, so that it takes 40 bits. */
function repeatHead(count: number): Buffer {
  return bytesFrom([...blockHead(false), ...copy(count, count), ...endOfBlock, ...blockHead(false), ...endOfBlock])
}

/** The last `count` bytes again, as the last block. */
function repeatLast(count: number): Buffer {
  const bits = blockHead(true)
  for (let left = count; left > 0;) {
    // No copy may be shorter than three.
    const piece = left > 258 && left < 261 ? 200 : Math.min(258, left)
    bits.push(...copy(piece, count))
    left -= piece
  }
  return bytesFrom([...bits, ...endOfBlock])
}

type Bits = number[]

/** A block with fixed codes. RFC 1951, 3.2.6. */
function blockHead(final: boolean): Bits {
  return [final ? 1 : 0, 1, 0]
}

const endOfBlock: Bits = [0, 0, 0, 0, 0, 0, 0]

function copy(length: number, distance: number): Bits {
  const [symbol, lengthBase, lengthExtra] = length === 258 ? [28, 258, 0] : code(length, { base: 3, group: 4 })
  const [place, distanceBase, distanceExtra] = code(distance, { base: 1, group: 2 })
  const value = 257 + symbol
  const huffman = value < 280 ? bitsOf(value - 256, 7).reverse() : bitsOf(0xc0 + value - 280, 8).reverse()
  const distances = [...bitsOf(place, 5).reverse(), ...bitsOf(distance - distanceBase, distanceExtra)]
  return [...huffman, ...bitsOf(length - lengthBase, lengthExtra), ...distances]
}

/** The code, the least value and the extra bits: two groups of codes without, then each group one bit more. 3.2.5. */
function code(
  value: number,
  { base, group }: { readonly base: number; readonly group: number },
): [number, number, number] {
  let from = base
  for (let index = 0; ; index++) {
    const extra = Math.max(0, Math.floor(index / group) - 1)
    if (value < from + 2 ** extra) return [index, from, extra]
    from += 2 ** extra
  }
}

/** The lowest bit first. */
function bitsOf(value: number, count: number): Bits {
  return Array.from({ length: count }, (_, at) => (value >> at) & 1)
}

function bytesFrom(bits: Bits): Buffer {
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8))
  for (const [at, bit] of bits.entries()) bytes.writeUInt8(bytes.readUInt8(at >> 3) | (bit << (at & 7)), at >> 3)
  return bytes
}

/** The `x` of 32 bits with `of(x) = x`, for an affine `of`: (M + 1) x = of(0), by elimination. */
function fixedPoint(of: (x: number) => number): number {
  const zero = of(0)
  const columns = Array.from({ length: 32 }, (_, bit) => of((1 << bit) >>> 0) ^ zero ^ (1 << bit))
  const rows = bitsOf(0, 32).map((_, row) => ({
    row: columns.reduce((sum, column, at) => sum | (((column >>> row) & 1) << at), 0),
    value: (zero >>> row) & 1,
  }))
  const solved: { readonly bit: number; readonly row: number; readonly value: number }[] = []
  for (let bit = 0; bit < 32; bit++) {
    const at = rows.findIndex(({ row }) => ((row >>> bit) & 1) === 1)
    if (at === -1) continue
    const [pivot] = rows.splice(at, 1)
    if (pivot === undefined) continue
    const reduce = <T extends { row: number; value: number }>(one: T): T =>
      ((one.row >>> bit) & 1) === 1 ? { ...one, row: one.row ^ pivot.row, value: one.value ^ pivot.value } : one
    for (const [index, one] of rows.entries()) rows[index] = reduce(one)
    for (const [index, one] of solved.entries()) solved[index] = reduce(one)
    solved.push({ bit, ...pivot })
  }
  if (rows.some(({ value }) => value === 1)) throw new Error("this archive has no CRC that is its own: change a name")
  return solved.reduce((x, { bit, value }) => (x | (value << bit)) >>> 0, 0)
}
