import { gzipSync } from "node:zlib"
import { expect, test } from "vitest"
import { digestOf } from "../../digest.ts"
import type { Layer } from "../../image.ts"
import { tarHeader } from "../../tar/header.ts"
import { readToc } from "./toc.ts"
import { walkToc } from "./walk.ts"

/** A layer of these bytes with a table of contents of these entries. */
function layerOf(content: Buffer, entries: readonly object[], named?: string): Layer {
  const table = Buffer.from(JSON.stringify({ version: 1, entries }))
  const header = tarHeader({ path: "stargz.index.json", kind: "file", mode: 0o444, uid: 0, gid: 0, size: table.length })
  const place = Buffer.from(`${content.length.toString(16).padStart(16, "0")}STARGZ`)
  const extra = Buffer.concat([Buffer.from("SG"), Buffer.from([place.length, 0]), place])
  const head = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, extra.length, 0])
  const footer = Buffer.concat([head, extra, Buffer.from([1, 0, 0, 0xff, 0xff]), Buffer.alloc(8)])
  const blob = Buffer.concat([content, gzipSync(Buffer.concat([header, table, Buffer.alloc(1024)])), footer])
  const read = async function* (_repository: string, _digest: string, range?: readonly [number, number]) {
    yield range === undefined ? blob : blob.subarray(range[0], range[1] + 1)
  }
  const store = { name: "a test", read } as unknown as Extract<Layer["from"], { store: unknown }>["store"]
  const annotations = { "containerd.io/snapshot/stargz/toc.digest": named ?? digestOf(table) }
  const descriptor = { mediaType: "x", digest: digestOf(blob), size: blob.length, annotations }
  return { descriptor, diffId: digestOf(content), history: {}, from: { store, repository: "x" } }
}

async function contents(layer: Layer): Promise<Readonly<Record<string, string | undefined>>> {
  const toc = await readToc(layer)
  if (toc === undefined) throw new Error("there is no table")
  const found: Record<string, string | undefined> = {}
  await walkToc(layer, toc, {
    wants: () => true,
    member: ({ path }, content) => void (found[path] = content?.toString()),
  })
  return found
}

const [one, two] = [gzipSync("first"), gzipSync("second")]
const file = (name: string, offset: number, content: string, more: object = {}): object => ({
  name,
  type: "reg",
  size: content.length,
  offset,
  chunkDigest: digestOf(content),
  ...more,
})

test("files are read by their table, in pieces and from within a member", async () => {
  const pieces = { size: 11, chunkSize: 5 }
  const chunk = {
    name: "a",
    type: "chunk",
    offset: one.length,
    chunkOffset: 5,
    chunkSize: 6,
    chunkDigest: digestOf("second"),
  }
  const inner = file("b", one.length, "cond", { innerOffset: 2 })
  const layer = layerOf(Buffer.concat([one, two]), [
    { name: "d/", type: "dir" },
    file("a", 0, "first", pieces),
    chunk,
    inner,
  ])
  expect(await contents(layer)).toMatchObject({ d: undefined, a: "firstsecond", b: "cond" })
})

test("a table that lies or wants our memory is refused in a sentence", async () => {
  const filler = Buffer.alloc(40 * 1024 * 1024)
  const refused: readonly (readonly [Layer, string])[] = [
    [layerOf(one, [file("a", 0, "first")], digestOf("another")), "it is another than the image's manifest names"],
    [layerOf(one, [file("a", 0, "wrong")]), "a is not what it says"],
    [layerOf(one, [file("a", 0, "first", { chunkDigest: undefined })]), "a is not what it says"],
    [layerOf(one, [file("a", 10_000, "first")]), "it says that a is behind it"],
    [layerOf(one, [file("a", 0, "first", { innerOffset: 2 ** 31 })]), "a is too far inside of its member"],
    [layerOf(one, [{ name: "a", type: "chunk", offset: 0 }]), "it has a piece of a without the file"],
    [layerOf(one, [{ name: "a", type: "door" }]), "it has a door"],
    [layerOf(Buffer.concat([one, filler]), [file("a", 0, "first")]), "a of 5 bytes would take"],
    [layerOf(Buffer.from("no gzip at all"), [file("a", 0, "first")]), "a cannot be unpacked"],
  ]
  for (const [layer, sentence] of refused) await expect(contents(layer)).rejects.toThrow(sentence)
})

test("tens of thousands of pieces are one file", async () => {
  const pieces = Array.from({ length: 60_000 }, (_, at) => ({
    name: "a",
    offset: 0,
    chunkOffset: at,
    chunkSize: 1,
    ...(at === 0 ? { type: "reg", size: 60_000 } : { type: "chunk" }),
  }))
  const toc = await readToc(layerOf(one, pieces))
  expect(toc?.members[0]?.chunks).toHaveLength(60_000)
})
