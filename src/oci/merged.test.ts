import { expect, test } from "vitest"
import { imageOf, layerOf, type Member } from "../../test/support/layers.ts"
import { makeHost } from "../host/node/host.ts"
import type { Layer } from "./image.ts"
import { readMerged, type Merged } from "./merged.ts"

async function merge(...layers: readonly Readonly<Record<string, Member>>[]): Promise<Merged> {
  return await readMerged(imageOf(...layers.map((members) => layerOf(members))))
}

const paths = (merged: Merged): readonly string[] => [...merged.entries()].map(({ path }) => path).slice(1)
const link = (target: string): Member => ({ kind: "symlink", link: target })

test("an upper layer replaces, adds and hides", async () => {
  const merged = await merge(
    { "a/": "", "a/x": "1", "a/y": "2", "b/": "", "b/z/": "", "b/z/w": "3" },
    { "a/x": "new", "a/.wh.y": "", ".wh.b": "", c: "4" },
  )
  expect(paths(merged)).toEqual(["a", "a/x", "c"])
  expect(merged.get("/a/x")).toMatchObject({ layer: 1, size: 3 })
  expect(Buffer.from((await merged.readFile("a/x")) ?? []).toString()).toBe("new")
})

test("an opaque directory hides what is below it, whatever the order of its own members", async () => {
  const merged = await merge(
    { "a/": "", "a/old": "1", "a/sub/": "", "a/sub/old": "" },
    { "a/": "", "a/new": "2", "a/.wh..wh..opq": "", "a/sub/new": "3" },
  )
  expect(paths(merged)).toEqual(["a", "a/new", "a/sub", "a/sub/new"])
})

test("a whiteout hides nothing of its own layer", async () => {
  expect(paths(await merge({ a: "1" }, { a: "2", ".wh.a": "" }))).toEqual(["a"])
})

test("a directory's new header keeps what is in it, a file in its place does not", async () => {
  expect(paths(await merge({ "a/": "", "a/x": "" }, { "a/": { mode: 0o700 } }))).toEqual(["a", "a/x"])
  expect(paths(await merge({ "a/": "", "a/x": "" }, { a: "file" }))).toEqual(["a"])
})

test("a parent that is a symbolic link below is followed, unless it has a header", async () => {
  const base = { "usr/": "", "usr/bin/": "", "usr/bin/sh": "sh", bin: link("usr/bin") }
  const followed = await merge(base, { "bin/new": "1" })
  expect(paths(followed)).toEqual(["bin", "usr", "usr/bin", "usr/bin/new", "usr/bin/sh"])
  expect(followed.resolve("/bin/new")?.path).toBe("usr/bin/new")
  const replaced = await merge(base, { "bin/": "", "bin/new": "1" })
  expect(replaced.resolve("/bin/sh")).toBeUndefined()
})

test("hard links share their content, within a layer and across layers", async () => {
  const merged = await merge(
    { a: { content: "same", mode: 0o755 }, b: { kind: "hardlink", link: "./a" } },
    { ".wh.a": "", c: { kind: "hardlink", link: "b" } },
  )
  expect(["b", "c"].map((path) => merged.get(path)?.content)).toEqual([
    { layer: 0, member: 0 },
    { layer: 0, member: 0 },
  ])
  expect(Buffer.from((await merged.readFile("c")) ?? []).toString()).toBe("same")
  expect(merged.get("c")).toMatchObject({ kind: "file", mode: 0o755, layer: 1 })
})

test("symbolic links stay within the image, and circles end", async () => {
  const merged = await merge({
    "etc/": "",
    "etc/passwd": "root",
    up: link("../../../etc/passwd"),
    absolute: link("/etc/../etc/passwd"),
    one: link("two"),
    two: link("one"),
  })
  expect(merged.resolve("up")?.path).toBe("etc/passwd")
  expect(merged.resolve("absolute")?.path).toBe("etc/passwd")
  expect(merged.resolve("one")).toBeUndefined()
  expect(merged.get("one")).toMatchObject({ kind: "symlink", link: "two" })
})

test("a layer's member behind a circle of links gets a place inside all the same", async () => {
  const merged = await merge({ loop: link("loop") }, { "loop/x": "1" })
  expect(paths(merged)).toEqual(["loop", "loop/x"])
})

test.each(["../x", "a/../../x"])("a member called %s is refused", async (path) => {
  await expect(merge({ [path]: "1" })).rejects.toThrow("leads out of it")
})

test("a hard link to nothing is refused", async () => {
  await expect(merge({ a: { kind: "hardlink", link: "missing" } })).rejects.toThrow("no file there")
})

test("absolute paths and ./ are the same path", async () => {
  expect(paths(await merge({ "./": "", "./a/": "", "/a/b": "1" }))).toEqual(["a", "a/b"])
})

test("a file above the limit is refused, what is none is left out", async () => {
  const merged = await merge({ big: "0123456789", "dir/": "" })
  await expect(merged.readFile("big", 9)).rejects.toThrow("10 bytes")
  expect(await merged.readFiles(["dir", "missing"])).toEqual(new Map())
  expect([merged.list("/"), merged.list("big")]).toEqual([["big", "dir"], undefined])
})

test("cached headers give the same tree, and damaged ones count as none", async () => {
  const host = makeHost(process.env)
  const folder = await host.files.makeTemporary("nbstacks-headers-")
  await using _folder = { [Symbol.asyncDispose]: () => host.files.remove(folder) }
  const xattrs = { "security.capability": Buffer.from([1, 0, 255]) }
  const image = imageOf(layerOf({ a: { content: "1", xattrs }, b: link("a") }))
  const cache = { files: host.files, folder }
  const first = [...(await readMerged(image, { cache })).entries()]
  const [name = ""] = ((await host.files.list(folder)) ?? []).map((file) => file.name)
  const closed = { ...image, layers: image.layers.map((layer) => ({ ...layer, from: { open: refuse } })) }
  expect([...(await readMerged(closed, { cache })).entries()]).toEqual(first)
  await host.files.write(`${folder}/${name}`, "{")
  expect([...(await readMerged(image, { cache })).entries()]).toEqual(first)
})

function refuse(): AsyncIterable<Uint8Array> {
  throw new Error("the layer is read again")
}

test("an image that claims another layer's diffID does not become what is known of that layer", async () => {
  const host = makeHost(process.env)
  const folder = await host.files.makeTemporary("nbstacks-merged-")
  await using _ = { [Symbol.asyncDispose]: () => host.files.remove(folder) }
  const cache = { files: host.files, folder }
  const honest = layerOf({ "bin/python": "good" })
  const liar = { ...layerOf({ "bin/other": "bad" }), diffId: honest.diffId }
  const pathsOf = async (...layers: readonly Layer[]): Promise<readonly string[]> =>
    [...(await readMerged(imageOf(...layers), { cache })).entries()].map(({ path }) => path)
  expect(await pathsOf(liar)).toContain("bin/other")
  expect(await pathsOf(honest)).toEqual(["", "bin", "bin/python"])
})
