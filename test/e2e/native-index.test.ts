import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { expect, test } from "vitest"
import type { Handler, ServerRequest, ServerResponse } from "../../src/host/http.ts"
import type { Host } from "../../src/host/host.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { findWheels, type FoundWheel, type Wanted } from "../../src/packages/index/find-wheels.ts"
import { wheelOf, type TestWheel } from "../support/wheels.ts"

type Seen = { readonly target: string; readonly authorization: string | undefined; readonly range: string | undefined }

/** An index on loopback that is asked for real; what it answers is up to each test. */
async function indexOf(answer: (request: ServerRequest, origin: string) => ServerResponse | Promise<ServerResponse>) {
  const real = makeHost(process.env)
  const folder = await real.files.makeTemporary("nbstacks-index-")
  const seen: Seen[] = []
  let origin = ""
  const handler: Handler = async (request) => {
    seen.push({
      target: request.target,
      authorization: request.headers["authorization"],
      range: request.headers["range"],
    })
    return answer(request, origin)
  }
  const server = await real.serve(handler, { port: 0 })
  origin = `http://127.0.0.1:${server.port}`
  const find = (
    wanted: readonly Wanted[],
    env: Host["env"] = {},
    change: Partial<Host> = {},
  ): Promise<FoundWheel[]> => {
    const base = {
      PATH: process.env["PATH"],
      HOME: folder,
      PIP_CONFIG_FILE: "/dev/null",
      PIP_INDEX_URL: `${origin}/simple`,
    }
    // The pauses between tries are not what is tested.
    const host: Host = { ...makeHost({ ...base, ...env }), sleep: () => Promise.resolve(), ...change }
    return findWheels(wanted, host, {
      cache: join(folder, "cache"),
      target: { python: "3.11.2", platform: "linux/amd64", glibc: "2.36" },
      signal: AbortSignal.timeout(60_000),
      onBytes: () => undefined,
    })
  }
  return {
    seen,
    find,
    origin,
    folder,
    host: real,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await real.files.remove(folder)
    },
  }
}

const demo = wheelOf({
  name: "demo",
  version: "1.0",
  members: [{ path: "demo/data.bin", content: Buffer.alloc(3_000_000, 5), method: 0 }],
})
const wanted = (wheel: TestWheel): Wanted => ({ name: "demo", version: "1.0", hashes: [`sha256:${wheel.sha256}`] })
const html = (body: string): ServerResponse => ({
  status: 200,
  headers: { "content-type": "text/html; charset=utf-8" },
  body,
})
const pageOf = (wheel: TestWheel, hash = wheel.sha256): ServerResponse =>
  html(`<a href="../../files/${wheel.filename}#sha256=${hash}">${wheel.filename}</a>`)
const notFound: ServerResponse = { status: 404 }

test("a wheel is found on an HTML page, verified, kept, and not asked for again", async () => {
  await using index = await indexOf((request) =>
    request.target === "/simple/demo/"
      ? pageOf(demo)
      : request.target.startsWith("/files/")
        ? { status: 200, body: demo.bytes }
        : notFound,
  )
  const [found] = await index.find([wanted(demo)])
  expect(found).toMatchObject({ filename: demo.filename, sha256: demo.sha256 })
  expect(Buffer.from(await index.host.files.read(found?.file ?? "")).equals(demo.bytes)).toBe(true)
  expect(index.seen.map((one) => one.target)).toEqual(["/simple/demo/", `/files/${demo.filename}`])
  await index.find([wanted(demo)])
  expect(index.seen.length).toBe(2)
})

test("a page in JSON is read too", async () => {
  await using index = await indexOf((request) => {
    if (request.target.startsWith("/files/")) return { status: 200, body: demo.bytes }
    const files = [{ filename: demo.filename, url: `../../files/${demo.filename}`, hashes: { sha256: demo.sha256 } }]
    const body = JSON.stringify({ meta: { "api-version": "1.0" }, name: "demo", files })
    return { status: 200, headers: { "content-type": "application/vnd.pypi.simple.v1+json" }, body }
  })
  expect((await index.find([wanted(demo)]))[0]?.sha256).toBe(demo.sha256)
})

test("a file with another hash than the page says is refused and not kept", async () => {
  const forged = Buffer.from(demo.bytes)
  forged.writeUInt8(1, 1_000)
  await using index = await indexOf((request) =>
    request.target.startsWith("/files/") ? { status: 200, body: forged } : pageOf(demo),
  )
  await expect(index.find([wanted(demo)])).rejects.toThrow("does not have a hash that the lock names")
  expect(await index.host.files.list(join(index.folder, "cache", "wheels"))).toEqual([])
})

test("a page without hashes is no trust: the file is judged when it has come", async () => {
  await using index = await indexOf((request) =>
    request.target.startsWith("/files/")
      ? { status: 200, body: demo.bytes }
      : html(`<a href="/files/${demo.filename}">x</a>`),
  )
  expect((await index.find([wanted(demo)]))[0]?.sha256).toBe(demo.sha256)
  await expect(index.find([{ ...wanted(demo), hashes: [`sha256:${"0".repeat(64)}`] }])).rejects.toThrow(
    "does not have a hash",
  )
})

test("a login of the index URL and of netrc goes to its own origin, not along a redirect to another", async () => {
  await using other = await indexOf(() => ({ status: 200, body: demo.bytes }))
  await using index = await indexOf((request) => {
    if (request.headers["authorization"] === undefined) return { status: 401, headers: { "www-authenticate": "Basic" } }
    if (!request.target.startsWith("/files/")) return pageOf(demo)
    return { status: 302, headers: { location: `${other.origin.replace("127.0.0.1", "localhost")}/blob` } }
  })
  const url = index.origin.replace("//", "//me:secret@")
  await index.find([wanted(demo)], { PIP_INDEX_URL: `${url}/simple` })
  expect(index.seen.map((one) => one.authorization)).toEqual(
    [0, 1].map(() => `Basic ${Buffer.from("me:secret").toString("base64")}`),
  )
  expect(other.seen).toEqual([{ target: "/blob", authorization: undefined, range: undefined }])
})

test("without a login the answer is a hint, with its own kind of failure", async () => {
  await using index = await indexOf(() => ({ status: 401 }))
  await expect(index.find([wanted(demo)])).rejects.toMatchObject({
    code: "credentials",
    hint: expect.stringContaining("netrc") as string,
  })
})

test("a broken transfer goes on where it ended; a busy index is asked again", async () => {
  let broken = 0
  await using index = await indexOf((request) => {
    if (!request.target.startsWith("/files/"))
      return ++broken === 1 ? { status: 503, headers: { "retry-after": "1" } } : pageOf(demo)
    const start = Number(/bytes=(\d+)-/.exec(request.headers["range"] ?? "")?.[1] ?? 0)
    const cut = async function* (): AsyncIterable<Uint8Array> {
      yield demo.bytes.subarray(start, start + 1_500_000)
      if (start + 1_500_000 < demo.bytes.length) throw new Error("the cable is cut")
    }
    const headers = { "content-length": String(demo.bytes.length - start) }
    if (start === 0) return { status: 200, headers, body: cut() }
    return {
      status: 206,
      headers: { ...headers, "content-range": `bytes ${start}-${demo.bytes.length - 1}/${demo.bytes.length}` },
      body: cut(),
    }
  })
  expect((await index.find([wanted(demo)]))[0]?.sha256).toBe(demo.sha256)
  const ranges = index.seen.filter((one) => one.target.startsWith("/files/")).map((one) => one.range)
  expect(ranges[0]).toBeUndefined()
  expect(ranges.length).toBeGreaterThan(1)
  expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/)
})

test("an index that stays broken is a temporary failure after a bounded number of tries", async () => {
  await using index = await indexOf(() => ({ status: 500 }))
  await expect(index.find([wanted(demo)])).rejects.toMatchObject({ code: "temporary" })
  expect(index.seen.length).toBeLessThan(10)
})

test("redirects that do not end are an error", async () => {
  await using index = await indexOf((request) => ({ status: 302, headers: { location: `${request.target}x` } }))
  await expect(index.find([wanted(demo)])).rejects.toThrow("redirects more than")
  expect(index.seen.length).toBeLessThan(100)
})

test("what does not fit is refused by name, with what there is", async () => {
  const arm = wheelOf({ name: "demo", version: "1.0", tag: "cp311-cp311-manylinux_2_17_aarch64" })
  await using index = await indexOf(() => pageOf(arm))
  await expect(index.find([wanted(arm)])).rejects.toMatchObject({
    code: "no",
    message: "No wheel of demo 1.0 fits Python 3.11.2 on linux/amd64 with glibc 2.36",
    detail: `  ${arm.filename} is for manylinux_2_17_aarch64`,
  })
  await expect(index.find([wanted(demo)])).rejects.toThrow("No wheel of demo 1.0 has a hash that the lock names")
  await expect(index.find([{ ...wanted(demo), name: "nothing" }])).rejects.toThrow("There is no wheel of nothing 1.0")
})

test("an index that refuses or is down is of no matter where another has the file, and is asked once", async () => {
  for (const status of [403, 503]) {
    await using index = await indexOf((request) => {
      if (request.target.startsWith("/simple/")) return { status, headers: {}, body: "" }
      if (request.target.startsWith("/second/demo/")) return pageOf(demo)
      return request.target.includes("/files/") ? { status: 200, headers: {}, body: demo.bytes } : notFound
    })
    const [found] = await index.find([wanted(demo)], { PIP_EXTRA_INDEX_URL: `${index.origin}/second` })
    expect(found?.sha256).toBe(demo.sha256)
    const absent = { name: "absent", version: "1.0", hashes: [`sha256:${"0".repeat(64)}`] }
    await expect(index.find([absent], { PIP_EXTRA_INDEX_URL: `${index.origin}/second` })).rejects.toThrow(
      String(status),
    )
  }
})

test("each index of an origin is asked with its own login", async () => {
  await using index = await indexOf((request) => {
    const user = Buffer.from((request.headers["authorization"] ?? "").slice("Basic ".length), "base64").toString()
    if (request.target.startsWith("/a/simple/")) return user === "u1:p1" ? notFound : { status: 401, headers: {} }
    if (user !== "u2:p2") return { status: 401, headers: {} }
    return request.target.startsWith("/b/simple/demo/") ? pageOf(demo) : { status: 200, headers: {}, body: demo.bytes }
  })
  const as = (login: string, path: string): string => `${index.origin.replace("//", `//${login}@`)}${path}`
  const env = { PIP_INDEX_URL: as("u1:p1", "/a/simple"), PIP_EXTRA_INDEX_URL: as("u2:p2", "/b/simple") }
  const [found] = await index.find([wanted(demo)], env)
  expect(found?.sha256).toBe(demo.sha256)
})

test("a page that comes compressed although nobody asked for that is read", async () => {
  await using index = await indexOf((request) => {
    if (!request.target.startsWith("/simple/")) return { status: 200, headers: {}, body: demo.bytes }
    const { headers } = pageOf(demo)
    const page = gzipSync(`<a href="../../files/${demo.filename}#sha256=${demo.sha256}">${demo.filename}</a>`)
    return { status: 200, headers: { ...headers, "content-encoding": "gzip" }, body: page }
  })
  expect((await index.find([wanted(demo)]))[0]?.sha256).toBe(demo.sha256)
})

test("a further index is asked when the first does not have it; find-links come before both", async () => {
  await using index = await indexOf((request) => {
    if (request.target.startsWith("/second/demo/")) return pageOf(demo)
    return request.target.startsWith("/files/") || request.target.startsWith("/second/files/")
      ? { status: 200, body: demo.bytes }
      : notFound
  })
  await index.find([wanted(demo)], { PIP_EXTRA_INDEX_URL: `${index.origin}/second` })
  expect(index.seen.map((one) => one.target.split("/")[1])).toEqual(["simple", "second", "files"])
  const folder = join(index.folder, "links")
  await index.host.files.makeDirectory(folder)
  await index.host.files.write(join(folder, demo.filename), demo.bytes)
  await index.host.files.remove(join(index.folder, "cache"))
  const [found] = await index.find([wanted(demo)], { PIP_FIND_LINKS: folder, PIP_NO_INDEX: "1" })
  expect(found?.sha256).toBe(demo.sha256)
  expect(index.seen.length).toBe(3)
})
