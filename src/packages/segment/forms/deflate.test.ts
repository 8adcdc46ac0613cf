import { deflateRawSync, gunzipSync, inflateRawSync } from "node:zlib"
import { createHash } from "node:crypto"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { tarHeader } from "../../../oci/tar/header.ts"
import { deflate, stored } from "./deflate.ts"
import { deflateRun, gzipMember, lastBlock } from "./gzip.ts"

const repetitive = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 400 })), { maxLength: 12 })
  .map((runs) => Buffer.concat(runs.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes))))

test("what it packs comes out again, whatever was packed before", () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 5_000 }), repetitive), (bytes) => {
      const packed = deflate(bytes)
      expect(inflateRawSync(packed).equals(bytes)).toBe(true)
      deflate(Buffer.from("something else in between"))
      expect(deflate(bytes).equals(packed)).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test("runs that follow each other are one stream", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 5_000 }), repetitive), { maxLength: 5 }), (pieces) => {
      const stream = Buffer.concat([...pieces.map((piece) => deflateRun(piece)), lastBlock])
      expect(inflateRawSync(stream).equals(Buffer.concat(pieces))).toBe(true)
    }),
    { numRuns: 200 },
  )
})

test("matches as far as the window reaches, and not further", () => {
  const word = Buffer.from("a phrase that occurs twice")
  for (const distance of [32_767, 32_768, 32_769, 40_000]) {
    const filler = createHash("shake256", { outputLength: distance - word.length })
      .update("x")
      .digest()
    const bytes = Buffer.concat([word, filler, word])
    expect(inflateRawSync(deflate(bytes)).equals(bytes)).toBe(true)
  }
})

test("every length and distance code is used rightly", () => {
  for (let length = 4; length <= 260; length++) {
    const bytes = Buffer.concat([Buffer.from(`${length}:`), Buffer.alloc(length + 1, "z"), Buffer.from("end")])
    expect(inflateRawSync(deflate(bytes)).equals(bytes)).toBe(true)
  }
})

test("long inputs of every kind come out again, and are about as short as zlib makes them", () => {
  const words = Array.from({ length: 400 }, (_, at) =>
    createHash("sha256")
      .update(`${at}`)
      .digest("hex")
      .slice(0, 3 + (at % 20)),
  )
  const noise = createHash("shake256", { outputLength: 200_000 }).update("n").digest()
  const text = Buffer.from(Array.from(noise, (byte, at) => words[(byte + at * byte) % 400]).join(" "))
  const skewed = noise.map((byte) => Math.floor(Math.log2(1 + (byte % 64))) * 31)
  const pieces = [text, skewed, noise, Buffer.alloc(300_000), Buffer.concat([text, noise, skewed])]
  for (const bytes of pieces) {
    const packed = deflate(bytes)
    expect(inflateRawSync(packed).equals(bytes)).toBe(true)
    expect(packed.length / deflateRawSync(bytes).length).toBeLessThan(1.14)
  }
})

test("stored blocks and whole gzip members come out again", () => {
  for (const size of [0, 1, 65_535, 65_536, 200_000]) {
    const noise = createHash("shake256", { outputLength: Math.max(1, size) })
      .update("y")
      .digest()
      .subarray(0, size)
    expect(inflateRawSync(stored(noise)).equals(noise)).toBe(true)
    const member = gzipMember(noise)
    expect(gunzipSync(member).equals(noise)).toBe(true)
    expect(member.length).toBeLessThan(size + 64)
  }
})

test("the bytes are these, on every machine: a change here is a new segment format", () => {
  const header = tarHeader({
    path: "opt/env/lib/python3.11/site-packages/numpy/core/x.py",
    kind: "file",
    mode: 0o664,
    uid: 1000,
    gid: 100,
    size: 12,
  })
  const member = gzipMember(header)
  expect(member.length).toBeLessThan(170)
  expect(createHash("sha256").update(member).digest("hex")).toMatchInlineSnapshot(
    `"c76d414a5fbd5ab1e78856635aa6834b8af37bcb935cd46c1fded27ecc439722"`,
  )
})
