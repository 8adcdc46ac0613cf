import * as fc from "fast-check"
import { expect, test } from "vitest"
import { tarEnd, tarHeader, tarPadding, type TarHeader } from "./header.ts"
import { readTar } from "./reader.ts"
import { tarWalker } from "./walk.ts"

type Member = { readonly header: TarHeader; readonly content: string }

function pack(members: readonly Member[]): Buffer {
  const parts = members.flatMap(({ header, content }) => {
    const bytes = Buffer.from(content)
    return [tarHeader({ ...header, size: bytes.length }), bytes, tarPadding(bytes.length)]
  })
  return Buffer.concat([...parts, tarEnd])
}

/** The bytes in pieces of a size, as they may come from anywhere. */
async function* pieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** What both readers say, which is the same, be it an error. */
async function unpack(bytes: Uint8Array, size = 700): Promise<unknown[]> {
  const [read, seen] = await Promise.allSettled([readAll(bytes, size), walked(bytes, size)])
  const what = (result: typeof read): unknown =>
    result.status === "fulfilled" ? result.value : (result.reason as Error).message
  expect(what(seen)).toEqual(what(read))
  if (read.status === "rejected") throw read.reason
  return read.value
}

async function readAll(bytes: Uint8Array, size: number): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const { header, content } of readTar(pieces(bytes, size), "the test")) {
    const read: Uint8Array[] = []
    for await (const piece of content) read.push(piece)
    found.push({ ...header, content: Buffer.concat(read).toString() })
  }
  return found
}

async function walked(bytes: Uint8Array, size: number, wants = true): Promise<unknown[]> {
  const found: unknown[] = []
  const walker = tarWalker("the test", {
    wants: () => wants,
    member: (header, content) => found.push({ ...header, content: content?.toString() ?? "" }),
  })
  for await (const piece of pieces(bytes, size)) walker.push(Buffer.from(piece))
  walker.end()
  return found
}

const file = (path: string, more: Partial<TarHeader> = {}): TarHeader => ({
  path,
  kind: "file",
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  ...more,
})

test("a short name needs one block of ustar", () => {
  const bytes = tarHeader(file("etc/hosts", { mode: 0o4755, uid: 1000, gid: 100, size: 5 }))
  expect(bytes.length).toBe(512)
  expect(Buffer.from(bytes).toString("latin1", 0, 160)).toBe(
    `etc/hosts${"\0".repeat(91)}0004755\x000001750\x000000144\x0000000000005\x0002263523000\x00006646\x00 0\0\0\0`.replace(
      "006646",
      Buffer.from(bytes).toString("latin1", 148, 154),
    ),
  )
})

test("a long name that can be split needs no PAX, any other does", () => {
  expect(tarHeader(file(`${"d".repeat(90)}/${"f".repeat(90)}`)).length).toBe(512)
  expect(tarHeader(file("f".repeat(101))).length).toBe(1536)
  expect(tarHeader(file("é")).length).toBe(1536)
  expect(tarHeader(file("a", { uid: 3_000_000 })).length).toBe(1536)
  expect(tarHeader(file("a", { size: 9 * 1024 ** 3 })).length).toBe(1536)
})

const part = fc.stringMatching(/^[a-zA-Z0-9 _.é日-]{1,120}$/).filter((text) => text !== "." && text !== "..")
const anyHeader = fc.record({
  path: fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/")),
  kind: fc.constantFrom("file", "directory", "symlink", "hardlink") as fc.Arbitrary<TarHeader["kind"]>,
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 2 ** 31 }),
  gid: fc.integer({ min: 0, max: 2 ** 31 }),
  mtime: fc.integer({ min: 0, max: 2 ** 33 - 1 }),
  target: fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
  content: fc.string({ unit: "binary", maxLength: 2000 }),
})

test("what is written is read again, in whatever pieces it comes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyHeader, { maxLength: 6 }),
      fc.integer({ min: 1, max: 3000 }),
      async (entries, size) => {
        const members = entries.map(({ target, content, ...header }) => ({
          header: {
            ...header,
            size: 0,
            ...(header.kind === "symlink" || header.kind === "hardlink" ? { link: target } : {}),
          },
          content: header.kind === "file" ? content : "",
        }))
        const expected = members.map(({ header, content }) => ({
          ...header,
          size: Buffer.byteLength(content),
          content: Buffer.from(content).toString(),
        }))
        expect(await unpack(pack(members), size)).toEqual(expected)
      },
    ),
    { numRuns: 60 },
  )
})

test("extended attributes survive", async () => {
  const xattrs = { "security.capability": Buffer.from([1, 0, 0, 2, 0x0a, 0xff]) }
  expect(await unpack(pack([{ header: file("ping", { xattrs }), content: "" }]))).toMatchObject([{ xattrs }])
})

test("an entry that is not read is skipped", async () => {
  const bytes = pack([
    { header: file("a"), content: "x".repeat(5000) },
    { header: file("b"), content: "y" },
  ])
  const paths: string[] = []
  for await (const { header } of readTar(pieces(bytes, 300), "the test")) paths.push(header.path)
  expect(paths).toEqual(["a", "b"])
  expect(await walked(bytes, 300, false)).toMatchObject([
    { path: "a", size: 5000, content: "" },
    { path: "b", size: 1, content: "" },
  ])
})

test.each([
  ["a truncated header", (bytes: Buffer) => bytes.subarray(0, 300), "ends in the middle of a header"],
  ["truncated content", (bytes: Buffer) => bytes.subarray(0, 600), "ends in the middle of a"],
  ["a wrong checksum", (bytes: Buffer) => Buffer.concat([Buffer.from("b"), bytes.subarray(1)]), "wrong checksum"],
])("%s is refused", async (_name, damage, message) => {
  const bytes = damage(pack([{ header: file("a"), content: "x".repeat(1000) }]))
  await expect(unpack(bytes)).rejects.toThrow(message)
})

function meta(flag: string, body: Buffer): Buffer {
  const block = Buffer.from(tarHeader(file("meta", { size: body.length })))
  block.write(flag, 156)
  block.fill(" ", 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
  return Buffer.concat([block, body, tarPadding(body.length)])
}

test("GNU long names and links are read", async () => {
  const name = `${"n".repeat(300)}/x`
  const bytes = Buffer.concat([
    meta("L", Buffer.from(`${name}\0`)),
    meta("K", Buffer.from(`${"t".repeat(200)}\0`)),
    pack([{ header: file("short", { kind: "symlink", link: "t" }), content: "" }]),
  ])
  expect(await unpack(bytes)).toMatchObject([{ path: name, link: "t".repeat(200) }])
})

test.each(["5 a=b\n", "x a=b\n", "999999 a=b\n", "6 a=bb\n", "4 =b\n"])(
  "the PAX record %j is refused",
  async (record) => {
    const bytes = Buffer.concat([meta("x", Buffer.from(record)), pack([{ header: file("a"), content: "" }])])
    await expect(unpack(bytes)).rejects.toThrow("PAX header is malformed")
  },
)

test("sparse files are refused by name", async () => {
  const bytes = Buffer.concat([
    meta("x", Buffer.from("22 GNU.sparse.major=1\n")),
    pack([{ header: file("holes"), content: "" }]),
  ])
  await expect(unpack(bytes)).rejects.toThrow("holes is a sparse file")
})

test("a long name whose short form is cut after a slash is still a file", async () => {
  const path = `${"d/".repeat(50)}name.txt`
  const content = Buffer.from("text")
  const header = tarHeader({ path, kind: "file", mode: 0o644, uid: 0, gid: 0, size: content.length })
  const archive = Buffer.concat([header, content, tarPadding(content.length), tarEnd])
  // GNU's form: a member `L` with the long name, then a header with its first hundred bytes.
  const gnu = Buffer.concat([
    gnuLongName(path),
    Buffer.from(cutHeader(path, content.length)),
    content,
    tarPadding(content.length),
    tarEnd,
  ])
  for (const bytes of [archive, gnu]) {
    const entries = await Array.fromAsync(readTar(streamOf(bytes), "an archive"))
    expect(entries.map(({ header: { path: name, kind, size } }) => ({ name, kind, size }))).toEqual([
      { name: path, kind: "file", size: 4 },
    ])
  }
})

function gnuLongName(path: string): Buffer {
  const name = Buffer.from(`${path}\0`)
  const header = Buffer.from(
    tarHeader({ path: "././@LongLink", kind: "file", mode: 0, uid: 0, gid: 0, size: name.length }),
  )
  header.write("L", 156, "latin1")
  return Buffer.concat([withSum(header), name, tarPadding(name.length)])
}

function cutHeader(path: string, size: number): Buffer {
  const header = Buffer.from(tarHeader({ path: "x", kind: "file", mode: 0o644, uid: 0, gid: 0, size }))
  header.fill(0, 0, 100)
  header.write(path.slice(0, 100), 0, "latin1")
  return withSum(header)
}

function withSum(header: Buffer): Buffer {
  header.fill(" ", 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1")
  return header
}

async function* streamOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
