import fc from "fast-check"
import { expect, test } from "vitest"
import { codeLengths, codesOf } from "./huffman.ts"

/** What the best code without a bound costs: the sum of all inner nodes of a tree that joins the two rarest each time. */
function leastCost(counts: readonly number[]): number {
  const weights = counts.filter((count) => count > 0)
  if (weights.length === 1) return weights[0] ?? 0
  let cost = 0
  while (weights.length > 1) {
    weights.sort((a, b) => b - a)
    const joined = (weights.pop() ?? 0) + (weights.pop() ?? 0)
    cost += joined
    weights.push(joined)
  }
  return cost
}

const counts = fc.array(fc.oneof(fc.constant(0), fc.nat(20), fc.nat(1_000_000)), { minLength: 1, maxLength: 286 })

test("lengths are those of the best code, and none is above the bound", () => {
  fc.assert(
    fc.property(counts, fc.constantFrom(9, 15), (given, most) => {
      const lengths = codeLengths(Uint32Array.from(given), most)
      const used = given.flatMap((count, symbol) => (count > 0 ? [symbol] : []))
      expect([...lengths].every((length, symbol) => length > 0 === (given[symbol] as number) > 0)).toBe(true)
      expect(Math.max(...lengths)).toBeLessThanOrEqual(most)
      const room = used.reduce((sum, symbol) => sum + 2 ** -(lengths[symbol] as number), 0)
      if (used.length > 1) expect(room).toBe(1)
      const cost = given.reduce((sum, count, symbol) => sum + count * (lengths[symbol] as number), 0)
      expect(cost).toBeGreaterThanOrEqual(leastCost(given))
      if (Math.max(...lengths) < most) expect(cost).toBe(leastCost(given))
    }),
    { numRuns: 300 },
  )
})

test("a tree that would be too deep is evened out", () => {
  const fibonacci = [1, 1]
  while (fibonacci.length < 40) fibonacci.push((fibonacci.at(-1) ?? 0) + (fibonacci.at(-2) ?? 0))
  for (const most of [7, 15]) {
    const given = fibonacci.slice(0, Math.min(40, 2 ** most))
    const lengths = codeLengths(Uint32Array.from(given), most)
    expect(Math.max(...lengths)).toBe(most)
    expect([...lengths].reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1)
  }
})

test("codes are those of RFC 1951, 3.2.2, with their first bit lowest", () => {
  const { codes } = codesOf(Uint8Array.of(3, 3, 3, 3, 3, 2, 4, 4))
  const written = [...codes].map((code, symbol) =>
    Array.from(code.toString(2).padStart([3, 3, 3, 3, 3, 2, 4, 4][symbol] ?? 0, "0"))
      .toReversed()
      .join(""),
  )
  expect(written).toEqual(["010", "011", "100", "101", "110", "00", "1110", "1111"])
})
