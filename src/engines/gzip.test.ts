import { gunzipSync } from "node:zlib"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { firstMember } from "../../test/support/first-member.ts"
import { gzipStream } from "./gzip.ts"

async function* pieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function joined(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(stream))
}

test("bytes come back, and depend neither on how they come nor on how many threads there are", async () => {
  // No two places alike, so that a piece which is overwritten too early shows.
  const bytes = Buffer.from(Uint32Array.from({ length: 2_250_000 }, (_, at) => at).buffer)
  const once = await joined(gzipStream(pieces(bytes, bytes.length), 1))
  expect(gunzipSync(once).equals(bytes)).toBe(true)
  // Some readers stop after the first member.
  const { content, left } = firstMember(once)
  expect([content.equals(bytes), left]).toEqual([true, 0])
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1000, max: 5_000_000 }), fc.integer({ min: 1, max: 4 }), async (size, width) => {
      expect((await joined(gzipStream(pieces(bytes, size), width))).equals(once)).toBe(true)
    }),
    { numRuns: 8 },
  )
})

test("an empty stream is one empty member", async () => {
  const packed = await joined(gzipStream(pieces(Buffer.alloc(0), 1), 2))
  expect([packed.length > 0, gunzipSync(packed).length]).toEqual([true, 0])
})

test("an error of the source comes through", async () => {
  async function* failing(): AsyncIterable<Uint8Array> {
    yield Buffer.alloc(5_000_000)
    throw new RangeError("gone")
  }
  await expect(joined(gzipStream(failing(), 2))).rejects.toThrow(RangeError)
})
