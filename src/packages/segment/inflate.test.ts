import { deflateRawSync } from "node:zlib"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { BadStream, inflater } from "./inflate.ts"

const shared = inflater()

function unpacked(packed: Uint8Array, size: number): Buffer {
  const pieces: Buffer[] = []
  shared.inflate(
    { packed: packed.length, size },
    (offset, length) => packed.subarray(offset, offset + length),
    (plain) => pieces.push(Buffer.from(plain)),
  )
  return Buffer.concat(pieces)
}

test("streams come out again, one after another, whatever their size", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.integer({ min: 0, max: 700 }), (bytes, times) => {
      const content = Buffer.concat(Array.from({ length: times }, () => bytes))
      expect(unpacked(deflateRawSync(content), content.length).equals(content)).toBe(true)
    }),
    { numRuns: 100 },
  )
})

test("what lies about its size, is cut, damaged, or goes on, is refused; the next one is read all the same", () => {
  const content = Buffer.from("some content ".repeat(100_000))
  const packed = deflateRawSync(content)
  const refused: readonly [Buffer, number][] = [
    [packed, content.length - 1],
    [packed, content.length + 1],
    [packed.subarray(0, -1), content.length],
    [packed.subarray(0, 1), content.length],
    [Buffer.alloc(0), 0],
    [Buffer.concat([packed, Buffer.from("x")]), content.length],
    [Buffer.concat([packed, packed]), 2 * content.length],
    [Buffer.from("no stream at all"), 10],
  ]
  for (const [bytes, size] of refused) {
    expect(() => unpacked(bytes, size)).toThrow(BadStream)
    expect(unpacked(packed, content.length).equals(content)).toBe(true)
  }
})

test("any damage is noticed or gives other bytes, and nothing hangs", () => {
  const content = Buffer.from(Array.from({ length: 2_000 }, (_, at) => (at * at) % 251))
  const packed = deflateRawSync(content)
  fc.assert(
    fc.property(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = Buffer.from(packed)
      damaged[at] = (damaged[at] as number) ^ change
      let result: Buffer | undefined
      try {
        result = unpacked(damaged, content.length)
      } catch {
        result = undefined
      }
      expect(result === undefined || result.length === content.length).toBe(true)
    }),
    { numRuns: 300 },
  )
})
