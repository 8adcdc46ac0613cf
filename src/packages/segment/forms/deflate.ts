import { codeLengths, codesOf, type Codes } from "./huffman.ts"

/**
 * A small deflate encoder whose bytes depend on nothing but its input: no zlib version, no processor. Matches come from
 * one hash table of the last place of each four bytes; each block has the codes of RFC 1951, 3.2.6, or its own (3.2.7), whichever is
 * shorter. It is for what stands between the spliced members: tar headers, padding, scripts, RECORD; and for bytecode.
 */

const fixedLiterals: Codes = codesOf(
  Uint8Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
)
const fixedDistances: Codes = codesOf(new Uint8Array(30).fill(5))

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
const window = 32 * 1024
/** From so many bytes on, more places are tried for each match. */
const largeInput = 16 * 1024
/** The place that had the same hash before, by the last bits of a place. */
const earlier = new Int32Array(window)
/** Places of earlier calls lie below it and count as none, so that the table need not be cleared. */
let origin = 0

/** A literal byte, or a match: its length from bit 16, its distance less one below, and the highest bit. */
const blockSize = 32 * 1024
const tokens = new Uint32Array(blockSize)
const isMatch = 0x8000_0000
/** Saying codes takes sixty bytes and more, and finding them longer than packing: fewer tokens have the fixed ones. */
const fewTokens = 512
const endOfBlock = 256

/** Follows an empty stored block's first bits: with it a run ends at a byte. RFC 1951, 3.2.4. */
const emptyBlock = Buffer.from([0, 0, 0xff, 0xff])

/** `input` as one deflate stream, ended; else as a run of blocks of one, ended at a byte, which another run may follow. */
export function deflate(input: Uint8Array, isEnded: boolean = true): Buffer {
  if (origin + input.length > 0x7fff_0000) {
    table.fill(-1)
    origin = 0
  }
  const writer = bitWriter(Math.ceil((input.length * 9) / 8) + 64)
  const end = input.length
  // What stands between members is short, much alike, and there is much of it.
  const isLarge = end >= largeInput
  const tries = isLarge ? 8 : 1
  let count = 0
  const token = (value: number): void => {
    if (count === blockSize) {
      writeBlock(writer, count, false)
      count = 0
    }
    tokens[count++] = value
  }
  for (let place = 0; place < end;) {
    let length = place + 4 <= end ? match(input, place, tries) : 0
    if (length === 0) {
      token(input[place++] as number)
      continue
    }
    let distance = found
    let inside = place + 1
    // A longer match may begin at the next byte.
    let isSought = isLarge
    while (isSought && length < 32 && place + 5 <= end) {
      const next = match(input, place + 1, tries)
      inside = place + 2
      isSought = next > length
      if (!isSought) break
      token(input[place++] as number)
      length = next
      distance = found
    }
    token(isMatch | (length << 16) | (distance - 1))
    const stop = Math.min(place + length, end - 3)
    for (; inside < stop; inside += length > 32 ? 16 : 1) remember(input, inside)
    place += length
  }
  writeBlock(writer, count, isEnded)
  origin += end
  if (isEnded) return writer.end()
  writer.put(0, 3)
  return Buffer.concat([writer.end(), emptyBlock])
}

type BitWriter = { readonly put: (value: number, bits: number) => void; readonly end: () => Buffer }

/** Writes bits from the lowest into a buffer that is large enough. */
function bitWriter(most: number): BitWriter {
  const output = Buffer.allocUnsafe(most)
  let at = 0
  let held = 0
  let heldBits = 0
  return {
    put(value, bits) {
      held |= value << heldBits
      heldBits += bits
      while (heldBits >= 8) {
        output[at++] = held & 0xff
        held >>>= 8
        heldBits -= 8
      }
    },
    end() {
      if (heldBits > 0) output[at++] = held & 0xff
      return output.subarray(0, at)
    },
  }
}

const literalCounts = new Uint32Array(286)
const distanceCounts = new Uint32Array(30)

/** The first `count` tokens, as one block. */
function writeBlock({ put }: BitWriter, count: number, last: boolean): void {
  literalCounts.fill(0)
  distanceCounts.fill(0)
  literalCounts[endOfBlock] = 1
  for (let at = 0; at < count; at++) {
    const token = tokens[at] as number
    if (token < isMatch) bump(literalCounts, token)
    else {
      bump(literalCounts, lengthSymbol[(token >>> 16) & 0x1ff] as number)
      bump(distanceCounts, distanceSymbol((token & 0xffff) + 1))
    }
  }
  const own = count < fewTokens ? undefined : ownCodes()
  const isShorter =
    own !== undefined && own.size + coded(own.literals, own.distances) < coded(fixedLiterals, fixedDistances)
  const { literals, distances } = isShorter ? own : { literals: fixedLiterals, distances: fixedDistances }
  put(Number(last), 1)
  put(isShorter ? 2 : 1, 2)
  if (isShorter) for (const [value, bits] of own.header) put(value, bits)
  for (let at = 0; at < count; at++) {
    const token = tokens[at] as number
    if (token < isMatch) {
      put(literals.codes[token] as number, literals.bits[token] as number)
      continue
    }
    const length = (token >>> 16) & 0x1ff
    const symbol = lengthSymbol[length] as number
    put(literals.codes[symbol] as number, literals.bits[symbol] as number)
    put(length - (lengthBase[length] as number), lengthExtra[length] as number)
    const distance = (token & 0xffff) + 1
    const far = distanceSymbol(distance)
    put(distances.codes[far] as number, distances.bits[far] as number)
    put(distance - (distanceBases[far] as number), distanceExtras[far] as number)
  }
  put(literals.codes[endOfBlock] as number, literals.bits[endOfBlock] as number)
}

/** The bits that the counted symbols take with some codes; extra bits are the same with all. */
function coded(literals: Codes, distances: Codes): number {
  let bits = 0
  for (let symbol = 0; symbol < literalCounts.length; symbol++)
    bits += (literalCounts[symbol] as number) * (literals.bits[symbol] as number)
  for (let symbol = 0; symbol < distanceCounts.length; symbol++)
    bits += (distanceCounts[symbol] as number) * (distances.bits[symbol] as number)
  return bits
}

/** In which order the lengths of the codes for lengths come. */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const

/** The best codes for the counted symbols, and how a block says them: values, their bits, and the sum of those. */
function ownCodes(): {
  readonly literals: Codes
  readonly distances: Codes
  readonly header: readonly (readonly [number, number])[]
  readonly size: number
} {
  const literalBits = codeLengths(literalCounts, 15)
  const distanceBits = codeLengths(distanceCounts, 15)
  // Some readers want one code for distances even where there is no match.
  if (distanceBits.every((bits) => bits === 0)) distanceBits[0] = 1
  const literalsUsed = Math.max(257, literalBits.findLastIndex((bits) => bits > 0) + 1)
  const distancesUsed = distanceBits.findLastIndex((bits) => bits > 0) + 1
  const runs = runsOf([...literalBits.subarray(0, literalsUsed), ...distanceBits.subarray(0, distancesUsed)])
  const counts = new Uint32Array(19)
  for (const [symbol] of runs) bump(counts, symbol)
  const { codes, bits } = codesOf(codeLengths(counts, 7))
  const lengthsUsed = Math.max(4, lengthOrder.findLastIndex((symbol) => (bits[symbol] as number) > 0) + 1)
  const header: (readonly [number, number])[] = [
    [literalsUsed - 257, 5],
    [distancesUsed - 1, 5],
    [lengthsUsed - 4, 4],
    ...lengthOrder.slice(0, lengthsUsed).map((symbol) => [bits[symbol] as number, 3] as const),
  ]
  for (const [symbol, value, extra] of runs) {
    header.push([codes[symbol] as number, bits[symbol] as number])
    if (extra > 0) header.push([value, extra])
  }
  return {
    literals: codesOf(literalBits),
    distances: codesOf(distanceBits),
    header,
    size: header.reduce((sum, [, width]) => sum + width, 0),
  }
}

/** Lengths of codes as symbols with what follows them and its bits: 16 repeats the last, 17 and 18 are zeros. */
function runsOf(lengths: readonly number[]): (readonly [symbol: number, value: number, extra: number])[] {
  const runs: (readonly [number, number, number])[] = []
  for (let at = 0; at < lengths.length;) {
    const length = lengths[at] as number
    let same = 1
    while (lengths[at + same] === length) same++
    at += same
    if (length === 0) {
      for (; same >= 11; same -= Math.min(same, 138)) runs.push([18, Math.min(same, 138) - 11, 7])
      if (same >= 3) {
        runs.push([17, same - 3, 3])
        same = 0
      }
    } else {
      runs.push([length, 0, 0])
      for (same--; same >= 3; same -= Math.min(same, 6)) runs.push([16, Math.min(same, 6) - 3, 2])
    }
    for (; same > 0; same--) runs.push([length, 0, 0])
  }
  return runs
}

function bump(numbers: Uint32Array, at: number): void {
  numbers[at] = (numbers[at] as number) + 1
}

/** The distance of the match that `match` found last. */
let found = 0

/** The longest match among the last places of the four bytes at a place, which is noted; 0 if there is none of four. */
function match(input: Uint8Array, place: number, tries: number): number {
  const most = Math.min(258, input.length - place)
  let best = 3
  let candidate = remember(input, place)
  for (let left = tries; left > 0 && candidate >= 0 && place - candidate <= window; left--) {
    if (input[candidate + best] === input[place + best]) {
      let length = 0
      while (length < most && input[candidate + length] === input[place + length]) length++
      if (length > best) {
        best = length
        found = place - candidate
        if (length === most) break
      }
    }
    const before = (earlier[candidate & (window - 1)] as number) - origin
    // A place that was noted over since leads anywhere.
    if (before >= candidate) break
    candidate = before
  }
  return best > 3 ? best : 0
}

/** Notes a place under the hash of its four bytes; the place that was there before, or a negative number. */
function remember(input: Uint8Array, place: number): number {
  const four =
    (input[place] as number) |
    ((input[place + 1] as number) << 8) |
    ((input[place + 2] as number) << 16) |
    ((input[place + 3] as number) << 24)
  const slot = Math.imul(four, 0x9e3779b1) >>> (32 - hashBits)
  const before = table[slot] as number
  earlier[place & (window - 1)] = before
  table[slot] = origin + place
  return before - origin
}

function distanceSymbol(distance: number): number {
  if (distance <= 4) return distance - 1
  const log = 31 - Math.clz32(distance - 1)
  return 2 * log + (((distance - 1) >> (log - 1)) & 1)
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

/** `input` as a deflate stream of stored blocks, ended or not. */
export function stored(input: Uint8Array, isEnded: boolean = true): Buffer {
  const pieces: Uint8Array[] = []
  for (let at = 0; at === 0 || at < input.length; at += storedBlockSize) {
    const block = input.subarray(at, at + storedBlockSize)
    pieces.push(storedBlockHeader(block.length, isEnded && at + storedBlockSize >= input.length), block)
  }
  return Buffer.concat(pieces)
}
