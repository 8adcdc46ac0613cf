/**
 * Huffman codes for deflate, by integers alone: the same lengths on every machine. RFC 1951, 3.2.2 and 3.2.7.
 */

/** Codes of an alphabet, as bits that are written from the lowest. */
export type Codes = { readonly codes: Uint16Array; readonly bits: Uint8Array }

/**
 * The lengths of the best prefix code of at most `most` bits for symbols that occur so often; 0 for those that never do.
 * Lengths of a tree that is too deep are evened out, which is the best code or near it.
 */
export function codeLengths(counts: Uint32Array, most: number): Uint8Array {
  const lengths = new Uint8Array(counts.length)
  // Sorted by count, then symbol, in one number each: counts stay below 2^32, symbols below 2^9.
  const sorted = Float64Array.from(
    counts.keys().flatMap((symbol) => (counts[symbol] === 0 ? [] : [(counts[symbol] as number) * 512 + symbol])),
  ).sort()
  if (sorted.length === 0) return lengths
  if (sorted.length === 1) {
    lengths[(sorted[0] as number) % 512] = 1
    return lengths
  }
  const ofLength = depths(sorted, most)
  let at = 0
  // The rarest symbols get the longest codes.
  for (let length = most; length > 0; length--)
    for (let left = ofLength[length] as number; left > 0; left--) lengths[(sorted[at++] as number) % 512] = length
  return lengths
}

/** How many codes of each length there are: a tree from two queues, leaves and inner nodes, both in order. */
function depths(sorted: Float64Array, most: number): Uint32Array {
  const leaves = sorted.length
  const weights = new Float64Array(2 * leaves - 1)
  const parents = new Uint16Array(2 * leaves - 1)
  for (let leaf = 0; leaf < leaves; leaf++) weights[leaf] = Math.floor((sorted[leaf] as number) / 512)
  let [leaf, inner] = [0, leaves]
  const least = (made: number): number =>
    leaf < leaves && (inner >= made || (weights[leaf] as number) <= (weights[inner] as number)) ? leaf++ : inner++
  for (let made = leaves; made < weights.length; made++) {
    const [one, other] = [least(made), least(made)]
    weights[made] = (weights[one] as number) + (weights[other] as number)
    parents[one] = made
    parents[other] = made
  }
  const depth = new Uint16Array(weights.length)
  const ofLength = new Uint32Array(most + 1)
  for (let node = weights.length - 2; node >= 0; node--) {
    depth[node] = (depth[parents[node] as number] as number) + 1
    if (node < leaves) bump(ofLength, Math.min(depth[node] as number, most), 1)
  }
  // Codes that were cut take more room than there is: the sum of 2^-length has to be 1 again.
  let room = 0
  for (let length = 1; length <= most; length++) room += (ofLength[length] as number) << (most - length)
  for (; room > 1 << most; room--) {
    bump(ofLength, most, -1)
    let length = most - 1
    while (ofLength[length] === 0) length--
    bump(ofLength, length, -1)
    bump(ofLength, length + 1, 2)
  }
  return ofLength
}

/** The codes that have these lengths, of 15 bits at most. */
export function codesOf(bits: Uint8Array): Codes {
  const ofLength = new Uint16Array(16)
  for (const length of bits) if (length > 0) bump(ofLength, length, 1)
  const next = new Uint16Array(16)
  for (let length = 1; length < 16; length++)
    next[length] = ((next[length - 1] as number) + (ofLength[length - 1] as number)) << 1
  const codes = new Uint16Array(bits.length)
  for (const [symbol, length] of bits.entries()) {
    if (length === 0) continue
    codes[symbol] = reversed(next[length] as number, length)
    bump(next, length, 1)
  }
  return { codes, bits }
}

function bump(numbers: Uint16Array | Uint32Array, at: number, by: number): void {
  numbers[at] = (numbers[at] as number) + by
}

/** A code as deflate has it: its first bit lowest. */
export function reversed(code: number, bits: number): number {
  let result = 0
  for (let bit = 0; bit < bits; bit++) result |= ((code >> bit) & 1) << (bits - 1 - bit)
  return result
}
