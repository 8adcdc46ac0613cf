import { createHash } from "node:crypto"
import { gunzipSync } from "node:zlib"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { firstMember } from "../../../test/support/first-member.ts"
import { digestOf } from "../../oci/digest.ts"
import { tarPadding } from "../../oci/tar/header.ts"
import { layerWriter } from "./layer-writer.ts"
import type { WrittenLayer } from "./sink.ts"

/** A layer with a file of some content, which comes in pieces. */
function written(content: Uint8Array, size: number): { readonly layer: WrittenLayer; readonly blob: Buffer } {
  const pieces: Buffer[] = []
  const writer = layerWriter((piece) => pieces.push(Buffer.from(piece)))
  writer.entry({ path: "srv", kind: "directory", mode: 0o755, uid: 0, gid: 0, size: 0 })
  writer.entry({ path: "srv/file", kind: "file", mode: 0o644, uid: 0, gid: 0, size: content.length })
  for (let at = 0; at < content.length; at += size) writer.plain(content.subarray(at, at + size))
  writer.plain(tarPadding(content.length))
  const layer = writer.finish()
  return { layer, blob: Buffer.concat(pieces) }
}

/** Bytes that are compressed, and some that are not: more than one piece of the encoder. */
const noise = createHash("shake256", { outputLength: 1_500_000 }).update("n").digest()
const content = Buffer.concat([Buffer.alloc(1_200_000, "some text\n"), noise, Buffer.from("end")])

test("a reader that stops after the first gzip member finds the whole archive", () => {
  const { layer, blob } = written(content, content.length)
  const { content: archive, left } = firstMember(blob)
  expect(left).toBe(0)
  expect(digestOf(archive)).toBe(layer.diffId)
  expect(gunzipSync(blob).equals(archive)).toBe(true)
  expect([digestOf(blob), blob.length]).toEqual([layer.digest, layer.size])
  // What cannot be compressed is stored.
  expect(blob.length).toBeLessThan(noise.length * 1.01 + 10_000)
})

test("the blob does not depend on how content comes", () => {
  const { layer } = written(content, content.length)
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 3_000_000 }), (size) => {
      expect(written(content, size).layer).toEqual(layer)
    }),
    { numRuns: 5 },
  )
})

test("the bytes are these, on every machine: others need a new format of the steps", () => {
  expect(written(Buffer.from("a note\n"), 100).layer).toMatchInlineSnapshot(`
    {
      "diffId": "sha256:592f0201b5dc0aafeb778e7ae8fd0c082057d8536998c0477287a01bb58b68f8",
      "digest": "sha256:8b6d77d44f1a7a1cc9571a5806f199827c9a33ac09668f86aca598f8541a12ee",
      "size": 151,
    }
  `)
})
