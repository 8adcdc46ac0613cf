import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { expect, test } from "vitest"
import { files } from "./files.ts"

async function folder(): Promise<AsyncDisposable & { readonly at: (name: string) => string }> {
  const path = await files.makeTemporary("nbstacks-files-")
  return { at: (name) => join(path, name), [Symbol.asyncDispose]: () => files.remove(path) }
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(stream))
}

test.each([0, 1, 4095, 4096, 65_536, 65_537, 262_144, 700_001])("%i bytes come back as they were", async (size) => {
  await using here = await folder()
  const bytes = randomBytes(size)
  await files.write(here.at("a/b"), bytes)
  expect(bytes.equals(await files.read(here.at("a/b")))).toBe(true)
  expect(bytes.equals(await collect(files.stream(here.at("a/b"))))).toBe(true)
  if (size < 3) return
  const last = size - 2
  expect(bytes.subarray(1, last + 1).equals(await collect(files.stream(here.at("a/b"), [1, last])))).toBe(true)
})

test("a stream that is not read to its end, or of a file that is not there", async () => {
  await using here = await folder()
  await files.write(here.at("a"), randomBytes(600_000))
  for await (const piece of files.stream(here.at("a"))) {
    expect(piece.length).toBeGreaterThan(0)
    break
  }
  await expect(collect(files.stream(here.at("none")))).rejects.toMatchObject({ code: "ENOENT" })
})

test("files that say they are empty, as those of /proc do, are read to their end", async () => {
  expect(await files.readText("/proc/self/stat")).toMatch(/^\d+ \(/)
  expect((await collect(files.stream("/proc/self/stat"))).toString()).toMatch(/^\d+ \(/)
})

test("a write that fails leaves the old bytes and no temporary file", async () => {
  await using here = await folder()
  await files.write(here.at("a"), "old")
  const broken = async function* (): AsyncIterable<Uint8Array> {
    yield Buffer.from("new")
    throw new Error("broken")
  }
  await expect(files.write(here.at("a"), broken(), { temporary: here.at("t") })).rejects.toThrow("broken")
  expect(await files.readText(here.at("a"))).toBe("old")
  expect((await files.list(here.at("")))?.map(({ name }) => name)).toEqual(["a"])
})

test("touch makes a file only when asked to", async () => {
  await using here = await folder()
  await expect(files.touch(here.at("x/mark"))).rejects.toMatchObject({ code: "ENOENT" })
  await files.touch(here.at("x/mark"), { create: true })
  const before = (await files.stat(here.at("x/mark")))?.mtime ?? 0n
  await files.touch(here.at("x/mark"), { create: true })
  expect((await files.stat(here.at("x/mark")))?.mtime).toBeGreaterThanOrEqual(before)
  expect(await files.stat(here.at("x/mark/below"))).toBeUndefined()
})

test("only one creates a file", async () => {
  await using here = await folder()
  const made = await Promise.all(Array.from({ length: 5 }, () => files.create(here.at("y/one"), "1")))
  expect(made.filter(Boolean)).toHaveLength(1)
  expect((await files.list(here.at("y")))?.map(({ name }) => name)).toEqual(["one"])
})
