import { gzipSync, zstdCompressSync } from "node:zlib"
import { expect, test } from "vitest"
import { decompress } from "./decompress.ts"

async function inflate(bytes: Uint8Array, size = 1000): Promise<string> {
  async function* pieces(): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const read: Uint8Array[] = []
  for await (const piece of decompress(pieces(), "the layer")) read.push(piece)
  return Buffer.concat(read).toString()
}

const text = "the quick brown fox ".repeat(5000)

test.each([1, 3, 1000])("gzip of many members, in pieces of %d bytes", async (size) => {
  const bytes = Buffer.concat([gzipSync(text), gzipSync(""), gzipSync("tail")])
  expect((await inflate(bytes, size)) === `${text}tail`).toBe(true)
})

test("two thousand members", async () => {
  const bytes = Buffer.concat(Array.from({ length: 2000 }, (_, at) => gzipSync(`${at},`)))
  expect(await inflate(bytes, 64_000)).toBe(Array.from({ length: 2000 }, (_, at) => `${at},`).join(""))
})

test("zstd of several frames, one of them to be skipped", async () => {
  const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
  const bytes = Buffer.concat([zstdCompressSync(text), skipped, zstdCompressSync("tail")])
  expect((await inflate(bytes)) === `${text}tail`).toBe(true)
})

test("a skippable frame may come first", async () => {
  const skipped = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
  expect(await inflate(Buffer.concat([skipped, zstdCompressSync("x")]))).toBe("x")
})

test("plain bytes pass, however few", async () => {
  expect([
    await inflate(Buffer.from("ab")),
    await inflate(Buffer.from("")),
    await inflate(Buffer.from(text), 7),
  ]).toEqual(["ab", "", text])
})

test.each([
  ["truncated gzip", gzipSync(text).subarray(0, 60)],
  ["damaged gzip", Buffer.concat([gzipSync(text).subarray(0, 100), Buffer.from("xxxxxxxxxxxxxxxxxxxxxxx")])],
  ["truncated zstd", zstdCompressSync(text).subarray(0, 20)],
])("%s is refused", async (_name, bytes) => {
  await expect(inflate(bytes)).rejects.toThrow("Cannot inflate the layer")
})

test("an error of the source comes through as it is", async () => {
  async function* failing(): AsyncIterable<Uint8Array> {
    yield gzipSync(text).subarray(0, 50)
    throw new RangeError("gone")
  }
  await expect(async () => {
    for await (const _piece of decompress(failing(), "the layer"));
  }).rejects.toThrow(RangeError)
})
