/**
 * A small deflate encoder whose bytes depend on nothing but its input: no zlib version, no processor. Codes are the
 * fixed Huffman codes of RFC 1951, 3.2.6; matches come from one hash table of the last place of each four bytes.
 * It is for what stands between the spliced members: tar headers, padding, scripts, RECORD.
 */

const literalCodes = new Uint16Array(288)
const literalBits = new Uint8Array(288)
for (let symbol = 0; symbol < 288; symbol++) {
  const [code, bits] =
    symbol < 144
      ? [0x30 + symbol, 8]
      : symbol < 256
        ? [0x190 + symbol - 144, 9]
        : symbol < 280
          ? [symbol - 256, 7]
          : [0xc0 + symbol - 280, 8]
  literalCodes[symbol] = reversed(code, bits)
  literalBits[symbol] = bits
}

/** Symbol, extra bits and base of each match length 3-258. */
const lengthSymbol = new Uint16Array(259)
const lengthExtra = new Uint8Array(259)
const lengthBase = new Uint16Array(259)
for (let symbol = 257, base = 3; symbol < 285; symbol++) {
  const extra = symbol < 265 ? 0 : (symbol - 261) >> 2
  for (let length = base; length < base + (1 << extra) && length <= 258; length++) {
    lengthSymbol[length] = symbol
    lengthExtra[length] = extra
    lengthBase[length] = base
  }
  base += 1 << extra
}
lengthSymbol[258] = 285
lengthExtra[258] = 0
lengthBase[258] = 258

const distanceBases: number[] = []
const distanceExtras: number[] = []
for (let symbol = 0, base = 1; symbol < 30; symbol++) {
  const extra = symbol < 4 ? 0 : (symbol - 2) >> 1
  distanceBases.push(base)
  distanceExtras.push(extra)
  base += 1 << extra
}

const hashBits = 15
const table = new Int32Array(1 << hashBits).fill(-1)
/** Places of earlier calls lie below it and count as none, so that the table need not be cleared. */
let origin = 0

/** `input` as one deflate stream, ended. */
export function deflate(input: Uint8Array): Buffer {
  if (origin + input.length > 0x7fff_0000) {
    table.fill(-1)
    origin = 0
  }
  const output = Buffer.allocUnsafe(Math.ceil((input.length * 9) / 8) + 16)
  let at = 0
  let held = 0
  let heldBits = 0
  const put = (value: number, bits: number): void => {
    held |= value << heldBits
    heldBits += bits
    while (heldBits >= 8) {
      output[at++] = held & 0xff
      held >>>= 8
      heldBits -= 8
    }
  }
  const literal = (symbol: number): void => put(literalCodes[symbol] as number, literalBits[symbol] as number)

  put(0b011, 3) // the last block, fixed codes
  const end = input.length
  for (let place = 0; place < end;) {
    const length = place + 4 <= end ? match(input, place) : 0
    if (length < 4) {
      literal(input[place++] as number)
      continue
    }
    const distance = found
    literal(lengthSymbol[length] as number)
    put(length - (lengthBase[length] as number), lengthExtra[length] as number)
    const symbol = distanceSymbol(distance)
    put(reversed(symbol, 5), 5)
    put(distance - (distanceBases[symbol] as number), distanceExtras[symbol] as number)
    const stop = Math.min(place + length, end - 3)
    for (let inside = place + 1; inside < stop; inside += length > 32 ? 16 : 1) remember(input, inside)
    place += length
  }
  literal(256)
  if (heldBits > 0) output[at++] = held & 0xff
  origin += end
  return output.subarray(0, at)
}

/** The distance of the match that `match` found last. */
let found = 0

function match(input: Uint8Array, place: number): number {
  const candidate = remember(input, place)
  if (candidate < 0 || place - candidate > 32_768) return 0
  const most = Math.min(258, input.length - place)
  let length = 0
  while (length < most && input[candidate + length] === input[place + length]) length++
  found = place - candidate
  return length
}

/** Notes a place under the hash of its four bytes; the place that was there before, or a negative number. */
function remember(input: Uint8Array, place: number): number {
  const four =
    (input[place] as number) |
    ((input[place + 1] as number) << 8) |
    ((input[place + 2] as number) << 16) |
    ((input[place + 3] as number) << 24)
  const slot = Math.imul(four, 0x9e3779b1) >>> (32 - hashBits)
  const before = (table[slot] as number) - origin
  table[slot] = origin + place
  return before
}

function distanceSymbol(distance: number): number {
  if (distance <= 4) return distance - 1
  const log = 31 - Math.clz32(distance - 1)
  return 2 * log + (((distance - 1) >> (log - 1)) & 1)
}

function reversed(code: number, bits: number): number {
  let result = 0
  for (let bit = 0; bit < bits; bit++) result |= ((code >> bit) & 1) << (bits - 1 - bit)
  return result
}

/** What `stored` puts before a block of so many bytes. */
export function storedBlockHeader(length: number, last: boolean): Buffer {
  const header = Buffer.alloc(5)
  header[0] = last ? 1 : 0
  header.writeUInt16LE(length, 1)
  header.writeUInt16LE(~length & 0xffff, 3)
  return header
}

/** The most that a stored block holds, in bytes. */
export const storedBlockSize = 0xffff

/** `input` as a deflate stream of stored blocks. */
export function stored(input: Uint8Array): Buffer {
  const pieces: Uint8Array[] = []
  for (let at = 0; at === 0 || at < input.length; at += storedBlockSize) {
    const block = input.subarray(at, at + storedBlockSize)
    pieces.push(storedBlockHeader(block.length, at + storedBlockSize >= input.length), block)
  }
  return Buffer.concat(pieces)
}
