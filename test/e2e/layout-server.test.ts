import { request } from "node:http"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Headers } from "../../src/host/http.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { digestOf } from "../../src/oci/digest.ts"
import { mediaTypes } from "../../src/oci/media-types.ts"
import { codeOf, manifestOf, pushBlob, startLoopback, type, type Answer } from "../support/loopback.ts"

const host = makeHost(process.env)

test("end-1: the registry says that it is one", async () => {
  await using loopback = await startLoopback()
  expect((await loopback.ask("GET", "/v2/")).status).toBe(200)
  expect((await loopback.ask("GET", "/v2")).status).toBe(200)
  expect((await loopback.ask("GET", "/v1/")).status).toBe(404)
  expect((await loopback.ask("POST", "/v2/")).status).toBe(405)
})

test("end-2: blobs are pulled, looked at, in parts and on a condition", async () => {
  await using loopback = await startLoopback()
  const { ask } = loopback
  const digest = await pushBlob(loopback, "a/b", "0123456789")
  const path = `/v2/a/b/blobs/${digest}`
  const whole = await ask("GET", path)
  expect(whole).toMatchObject({ status: 200, text: "0123456789" })
  expect(whole.headers).toMatchObject({ "docker-content-digest": digest, "content-length": "10" })
  const head = await ask("HEAD", path)
  expect(head).toMatchObject({ status: 200, text: "" })
  expect(head.headers).toMatchObject({ "docker-content-digest": digest, "content-length": "10" })
  const ranges = ["bytes=0-3", "bytes=5-", "bytes=-2", "bytes=8-99", "bytes=0-1,4-5", "lines=1-2"]
  const parts = await Promise.all(ranges.map((range) => ask("GET", path, { headers: { range } })))
  expect(parts.map(({ status, text, headers }) => [status, text, headers["content-range"]])).toEqual([
    [206, "0123", "bytes 0-3/10"],
    [206, "56789", "bytes 5-9/10"],
    [206, "89", "bytes 8-9/10"],
    [206, "89", "bytes 8-9/10"],
    [200, "0123456789", undefined],
    [200, "0123456789", undefined],
  ])
  for (const range of ["bytes=10-", "bytes=-0", "bytes=5-2"])
    expect((await ask("GET", path, { headers: { range } })).status).toBe(416)
  expect((await ask("GET", path, { headers: { "if-none-match": `"${digest}"` } })).status).toBe(304)
  expect((await ask("GET", path, { headers: { range: "bytes=0-1", "if-range": '"other"' } })).text).toBe("0123456789")
  expect(codeOf(await ask("GET", `/v2/a/b/blobs/${digestOf("none")}`))).toBe("BLOB_UNKNOWN")
  expect(await ask("GET", "/v2/a/b/blobs/sha256:12")).toMatchObject({ status: 400 })
  expect((await ask("GET", `/v2/other/blobs/${digest}`)).status).toBe(404)
})

test("end-3, 7: manifests by tag and digest, bytes as they came", async () => {
  await using loopback = await startLoopback()
  const { ask } = loopback
  const body = `${await manifestOf(loopback, "a")}\n  `
  const digest = digestOf(body)
  const put = await ask("PUT", "/v2/a/manifests/1.0", {
    headers: { "content-type": `${mediaTypes.ociManifest}; charset=utf-8` },
    body,
  })
  expect(put).toMatchObject({ status: 201 })
  expect(put.headers).toMatchObject({ location: "/v2/a/manifests/1.0", "docker-content-digest": digest })
  for (const reference of ["1.0", digest]) {
    const got = await ask("GET", `/v2/a/manifests/${reference}`)
    expect(got).toMatchObject({ status: 200, text: body })
    expect(got.headers).toMatchObject({ "content-type": mediaTypes.ociManifest, "docker-content-digest": digest })
    const head = await ask("HEAD", `/v2/a/manifests/${reference}`)
    expect([head.status, head.text, head.headers["content-length"]]).toEqual([200, "", String(body.length)])
  }
  expect((await ask("GET", "/v2/a/manifests/1.0", { headers: { "if-none-match": `"${digest}"` } })).status).toBe(304)
  expect(codeOf(await ask("GET", "/v2/a/manifests/none"))).toBe("MANIFEST_UNKNOWN")
  expect((await ask("GET", "/v2/nobody/manifests/1.0")).status).toBe(404)
  expect((await ask("GET", "/v2/a/manifests/sha256:12")).status).toBe(400)
  expect((await ask("GET", "/v2/a/manifests/-no-tag")).status).toBe(400)
})

test("end-7: what is no manifest is refused", async () => {
  await using loopback = await startLoopback()
  const { ask } = loopback
  const body = await manifestOf(loopback, "a")
  const put = async (reference: string, sent: string, headers: Headers = type): Promise<readonly [number, string]> => {
    const answer = await ask("PUT", `/v2/a/manifests/${reference}`, { headers, body: sent })
    return [answer.status, answer.text === "" ? "" : codeOf(answer)]
  }
  expect(await put(digestOf("other"), body)).toEqual([400, "DIGEST_INVALID"])
  expect(await put("sha256:baddigest", body)).toEqual([400, "DIGEST_INVALID"])
  expect(await put("t", "{")).toEqual([400, "MANIFEST_INVALID"])
  expect(await put("t", '{"schemaVersion":2}')).toEqual([400, "MANIFEST_INVALID"])
  expect(await put("t", body, { "content-type": mediaTypes.ociIndex })).toEqual([400, "MANIFEST_INVALID"])
  expect(await put("t", `${body}${" ".repeat(9 * 1024 * 1024)}`)).toEqual([413, "MANIFEST_INVALID"])
  expect(await put("t", `${body}${" ".repeat(4 * 1024 * 1024)}`)).toEqual([201, ""])
  expect(await put("t", body, {})).toEqual([201, ""])
  expect((await ask("PUT", "/v2/UPPER/manifests/t", { headers: type, body })).status).toBe(404)
})

test("end-7b: tags as parameters, with both algorithms", async () => {
  await using loopback = await startLoopback()
  const { ask } = loopback
  const body = await manifestOf(loopback, "a")
  const digest = digestOf(body, "sha512")
  const tags = Array.from({ length: 12 }, (_, at) => `t${at}`)
  const put = await ask("PUT", `/v2/a/manifests/${digest}?${tags.map((tag) => `tag=${tag}`).join("&")}`, {
    headers: type,
    body,
  })
  expect(put.status).toBe(201)
  expect(put.headers["oci-tag"]?.split(", ")).toEqual(tags)
  expect((await ask("HEAD", "/v2/a/manifests/t11")).headers["docker-content-digest"]).toBe(digest)
  expect((await ask("PUT", `/v2/a/manifests/${digest}?tag=..`, { headers: type, body })).status).toBe(400)
  const many = Array.from({ length: 101 }, (_, at) => `tag=t${at}`).join("&")
  expect((await ask("PUT", `/v2/a/manifests/${digest}?${many}`, { headers: type, body })).status).toBe(414)
})

test("Docker schema 2 and its lists are kept as they are", async () => {
  await using loopback = await startLoopback()
  const { ask } = loopback
  const manifest = (await manifestOf(loopback, "a")).replace(mediaTypes.ociManifest, mediaTypes.dockerManifest)
  const entry = { mediaType: mediaTypes.dockerManifest, digest: digestOf(manifest), size: manifest.length }
  const list = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.dockerList, manifests: [entry] })
  for (const [reference, mediaType, body] of [
    [digestOf(manifest), mediaTypes.dockerManifest, manifest],
    ["list", mediaTypes.dockerList, list],
  ] as const) {
    expect(
      (await ask("PUT", `/v2/a/manifests/${reference}`, { headers: { "content-type": mediaType }, body })).status,
    ).toBe(201)
    const got = await ask("GET", `/v2/a/manifests/${reference}`)
    expect([got.headers["content-type"], got.text]).toEqual([mediaType, body])
  }
})

test("end-4a, 6: POST then PUT", async () => {
  await using loopback = await startLoopback()
  const { ask } = loopback
  const posted = await ask("POST", "/v2/a/blobs/uploads/")
  expect(posted.status).toBe(202)
  const place = posted.headers["location"] ?? ""
  expect(place).toMatch(/^\/v2\/a\/blobs\/uploads\/[0-9a-f]{32}$/)
  const put = await ask("PUT", `${place}?digest=${digestOf("whole")}`, { body: "whole" })
  expect(put.status).toBe(201)
  expect((await ask("GET", put.headers["location"] ?? "")).text).toBe("whole")
  expect(codeOf(await ask("PUT", `${place}?digest=${digestOf("whole")}`, { body: "whole" }))).toBe(
    "BLOB_UPLOAD_UNKNOWN",
  )
})

test("end-4b: a single POST, and what it is refused for", async () => {
  await using loopback = await startLoopback()
  const { ask, layout } = loopback
  const path = "/v2/a/blobs/uploads/"
  expect((await ask("POST", `${path}?digest=${digestOf("")}`)).status).toBe(201)
  const sha512 = digestOf("x", "sha512")
  expect((await ask("POST", `${path}?digest=${sha512}`, { body: "x" })).status).toBe(201)
  expect((await ask("GET", `/v2/a/blobs/${sha512}`)).text).toBe("x")
  expect(codeOf(await ask("POST", `${path}?digest=${digestOf("x")}`, { body: "y" }))).toBe("DIGEST_INVALID")
  expect((await ask("POST", `${path}?digest=md5:12`, { body: "y" })).status).toBe(400)
  expect((await ask("POST", `${path}?digest-algorithm=md5`)).status).toBe(400)
  expect((await ask("GET", path)).status).toBe(405)
  expect(await host.files.list(join(layout.folder, "temporary"))).toEqual([])
})

test.each([
  ["sha256", ""],
  ["sha512", "?digest-algorithm=sha512"],
  ["sha512", ""],
] as const)("end-4c, 5, 13: chunks with %s %s", async (algorithm, query) => {
  await using loopback = await startLoopback()
  const { ask } = loopback
  const posted = await ask("POST", `/v2/a/blobs/uploads/${query}`, { headers: { "content-length": "0" } })
  let place = posted.headers["location"] ?? ""
  const chunk = (range: string, body: string): Promise<Answer> =>
    ask("PATCH", place, { headers: { "content-range": range, "content-type": "application/octet-stream" }, body })
  expect((await chunk("5-9", "world")).status).toBe(416)
  const first = await chunk("0-4", "hello")
  expect([first.status, first.headers["range"]]).toEqual([202, "0-4"])
  place = first.headers["location"] ?? ""
  expect((await chunk("0-4", "hello")).status).toBe(416)
  expect((await chunk("7-8", "xx")).status).toBe(416)
  expect((await chunk("5-9", "four")).status).toBe(400)
  expect((await chunk("x-y", "four")).status).toBe(400)
  const status = await ask("GET", place)
  expect([status.status, status.headers["range"], status.headers["location"]]).toEqual([204, "0-4", place])
  expect((await chunk("5-9", "world")).status).toBe(202)
  const digest = digestOf("helloworld!", algorithm)
  const early = await ask("PUT", `${place}?digest=${digest}`, { headers: { "content-range": "12-12" }, body: "!" })
  expect(early.status).toBe(416)
  const put = await ask("PUT", `${place}?digest=${digest}`, { headers: { "content-range": "10-10" }, body: "!" })
  expect(put.status).toBe(201)
  expect((await ask("GET", `/v2/a/blobs/${digest}`)).text).toBe("helloworld!")
})

test("a stream without a length or a range is one chunk", async () => {
  await using loopback = await startLoopback()
  const place = (await loopback.ask("POST", "/v2/a/blobs/uploads/")).headers["location"] ?? ""
  const content = "x".repeat(3_000_000)
  async function* stream(): AsyncIterable<Uint8Array> {
    for (let at = 0; at < content.length; at += 100_000) yield Buffer.from(content.slice(at, at + 100_000))
  }
  const url = `http://127.0.0.1:${loopback.port}${place}`
  const patched = await host.http({ method: "PATCH", url, body: stream() })
  await Array.fromAsync(patched.body)
  expect([patched.status, patched.headers["range"]]).toEqual([202, "0-2999999"])
  expect((await loopback.ask("PUT", `${place}?digest=${digestOf(content)}`)).status).toBe(201)
})

test("a chunk that breaks off leaves the upload as it was", async () => {
  await using loopback = await startLoopback()
  const { ask, port } = loopback
  const place = (await ask("POST", "/v2/a/blobs/uploads/")).headers["location"] ?? ""
  await ask("PATCH", place, { body: "begin " })
  await new Promise<void>((resolve) => {
    const broken = request({ port, path: place, method: "PATCH", headers: { "content-length": "100" } })
    broken.on("error", () => resolve())
    broken.write("half", () => setTimeout(() => broken.destroy(), 20))
  })
  await expect
    .poll(async () => (await ask("PATCH", place, { headers: { "content-range": "6-8" }, body: "end" })).status)
    .toBe(202)
  const digest = digestOf("begin end")
  expect((await ask("PUT", `${place}?digest=${digest}`)).status).toBe(201)
})

test("end-14: an upload is cancelled, and its bytes are gone", async () => {
  await using loopback = await startLoopback()
  const { ask, layout } = loopback
  const place = (await ask("POST", "/v2/a/blobs/uploads/")).headers["location"] ?? ""
  await ask("PATCH", place, { body: "some bytes" })
  expect((await ask("DELETE", place)).status).toBe(204)
  expect((await ask("GET", place)).status).toBe(404)
  expect((await ask("DELETE", place)).status).toBe(404)
  expect(await host.files.list(join(layout.folder, "temporary"))).toEqual([])
  expect((await ask("GET", place.replace("/a/", "/b/"))).status).toBe(404)
})
