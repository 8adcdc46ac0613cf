import { gzipSync, zstdCompressSync } from "node:zlib"
import * as fc from "fast-check"
import { afterAll, expect, test } from "vitest"
import { archiveOf, layerOfBytes, type Member } from "../../../test/support/layers.ts"
import type { Layer } from "../../oci/image.ts"
import { factsPool } from "./facts-pool.ts"
import { readLayerFacts } from "./reading.ts"

const pool = factsPool(2)
afterAll(() => pool[Symbol.asyncDispose]())

const members: Readonly<Record<string, Member>> = {
  "opt/": "",
  "opt/link": { kind: "symlink", link: "nowhere" },
  "opt/.wh.gone": "",
  "var/lib/dpkg/status": "Package: a\nStatus: install ok installed\nVersion: 1\n\n".repeat(3000),
  "usr/share/jupyter/kernels/a/kernel.json": JSON.stringify({ display_name: "é" }),
  "opt/conda/pkgs/a-1-0/lib/site-packages/a-1.dist-info/METADATA": "Name: a\nVersion: 1\n",
  "opt/conda/lib/site-packages/a-1.dist-info/METADATA": {
    kind: "hardlink",
    link: "opt/conda/pkgs/a-1-0/lib/site-packages/a-1.dist-info/METADATA",
  },
  zeros: "\0".repeat(2_000_000),
}
const archive = archiveOf(members)

/** A layer whose bytes come in pieces of a size. */
function inPieces(bytes: Buffer, size: number): Layer {
  const layer = layerOfBytes(bytes, { archive })
  const open = async function* (): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  return { ...layer, from: { open } }
}

const half = Math.floor(archive.length / 2)
const forms: Readonly<Record<string, Buffer>> = {
  gzip: gzipSync(archive),
  "gzip of two members": Buffer.concat([gzipSync(archive.subarray(0, half)), gzipSync(archive.subarray(half))]),
  "gzip with zeros behind it": Buffer.concat([gzipSync(archive), Buffer.alloc(2000)]),
  zstd: zstdCompressSync(archive),
  nothing: archive,
}

test.each(Object.entries(forms))(
  "a thread reads %s as this one does, in whatever pieces it comes",
  async (_, bytes) => {
    const expected = await readLayerFacts(inPieces(bytes, bytes.length))
    expect(expected.files).toBe(4)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: bytes.length }), async (size) => {
        const pieces = Math.max(size, Math.ceil(bytes.length / 3000))
        expect(await pool.read(inPieces(bytes, pieces))).toEqual(expected)
      }),
      { numRuns: 15 },
    )
  },
)

test("several layers at once, more than there are threads", async () => {
  const layers = Object.values(forms).map((bytes) => inPieces(bytes, 1000))
  const expected = await readLayerFacts(layers[0] as Layer)
  for (const facts of await Promise.all([...layers, ...layers].map((layer) => pool.read(layer))))
    expect(facts).toEqual(expected)
})

test.each([
  ["cut", (bytes: Buffer) => bytes.subarray(0, -100), /^Cannot inflate the layer sha256:/],
  [
    "with garbage in it",
    (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 200), Buffer.alloc(500, 7)]),
    /^Cannot (?:inflate|read) the layer/,
  ],
  ["of an archive that is cut", () => gzipSync(archive.subarray(0, 3000)), /it ends in the middle of/],
  ["with a wrong checksum", () => gzipSync(Buffer.concat([Buffer.from("x"), archive.subarray(1)])), /wrong checksum/],
])("a layer %s is refused as it is here, and the thread goes on", async (_, damage, message) => {
  for (const [name, bytes] of Object.entries(forms)) {
    if (name === "nothing" || (name.startsWith("gzip ") && name !== "gzip")) continue
    const layer = inPieces(damage(bytes), 777)
    await expect(readLayerFacts(layer)).rejects.toMatchObject({
      code: "cannot",
      message: expect.stringMatching(message),
    })
    await expect(pool.read(layer)).rejects.toMatchObject({
      name: "Failure",
      code: "cannot",
      message: expect.stringMatching(message),
    })
  }
  expect((await pool.read(inPieces(forms["gzip"] as Buffer, 5000))).files).toBe(4)
})

test("a source that fails ends the reading of its layer alone", async () => {
  const layer = inPieces(forms["gzip"] as Buffer, 100)
  const open = async function* (): AsyncIterable<Uint8Array> {
    yield (forms["gzip"] as Buffer).subarray(0, 300)
    throw new Error("the network is gone")
  }
  await expect(pool.read({ ...layer, from: { open } })).rejects.toThrow("the network is gone")
  expect((await pool.read(layer)).files).toBe(4)
})

test("a bomb is given up in a thread too", async () => {
  await expect(pool.read(inPieces(forms["gzip"] as Buffer, 500), { bytes: 100_000, times: 1 })).rejects.toMatchObject({
    code: "cannot",
    message: expect.stringContaining("it unpacks to more than"),
  })
})
