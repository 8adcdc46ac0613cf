import { request } from "node:http"
import { expect, test } from "vitest"
import type { Headers } from "../../src/host/http.ts"
import { digestOf } from "../../src/oci/digest.ts"
import { mediaTypes } from "../../src/oci/media-types.ts"
import { codeOf, manifestOf, pushBlob, startLoopback, type, type Answer } from "../support/loopback.ts"

test("end-11: blobs are mounted from one repository, or from wherever they are", async () => {
  await using loopback = await startLoopback()
  const { ask } = loopback
  const digest = await pushBlob(loopback, "a", "shared")
  const mount = (to: string, query: string): Promise<Answer> => ask("POST", `/v2/${to}/blobs/uploads/?${query}`)
  const mounted = await mount("b", `mount=${digest}&from=a`)
  expect([mounted.status, mounted.headers["location"]]).toEqual([201, `/v2/b/blobs/${digest}`])
  expect((await mount("c", `mount=${digest}`)).status).toBe(201)
  expect((await ask("GET", `/v2/c/blobs/${digest}`)).text).toBe("shared")
  const missing = await mount("d", `mount=${digest}&from=empty`)
  expect(missing.status).toBe(202)
  expect((await ask("PUT", `${missing.headers["location"]}?digest=${digest}`, { body: "shared" })).status).toBe(201)
  expect((await mount("e", `mount=${digestOf("none")}`)).status).toBe(202)
  expect((await mount("e", "mount=md5:1&from=a")).status).toBe(400)
})

test("end-8: tags in order, in pages", async () => {
  await using loopback = await startLoopback()
  const { ask } = loopback
  const body = await manifestOf(loopback, "a")
  for (const tag of ["b", "a", "C", "1"]) await ask("PUT", `/v2/a/manifests/${tag}`, { headers: type, body })
  const list = async (query: string): Promise<readonly unknown[]> => {
    const answer = await ask("GET", `/v2/a/tags/list${query}`)
    return [(JSON.parse(answer.text) as { tags: string[] }).tags, answer.headers["link"]]
  }
  expect(await list("")).toEqual([["1", "C", "a", "b"], undefined])
  expect(await list("?n=2")).toEqual([["1", "C"], '</v2/a/tags/list?n=2&last=C>; rel="next"'])
  expect(await list("?n=2&last=C")).toEqual([["a", "b"], undefined])
  expect(await list("?last=a")).toEqual([["b"], undefined])
  expect(await list("?n=0")).toEqual([[], undefined])
  expect(await list("?n=9&last=zzz")).toEqual([[], undefined])
  expect((await ask("GET", "/v2/a/tags/list?n=x")).status).toBe(400)
  expect(codeOf(await ask("GET", "/v2/unknown/tags/list"))).toBe("NAME_UNKNOWN")
})

test("end-12: referrers, filtered, whichever was pushed first", async () => {
  await using loopback = await startLoopback()
  const { ask } = loopback
  const subjectBody = await manifestOf(loopback, "a")
  const subject = digestOf(subjectBody)
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [],
    subject: { mediaType: mediaTypes.ociManifest, digest: subject, size: subjectBody.length },
  })
  const typed = await manifestOf(loopback, "a", { subject, artifactType: "application/x", annotations: { k: "v" } })
  const plain = await manifestOf(loopback, "a", { subject, text: "[]" })
  for (const [body, mediaType] of [
    [typed, mediaTypes.ociManifest],
    [plain, mediaTypes.ociManifest],
    [index, mediaTypes.ociIndex],
  ] as const) {
    const put = await ask("PUT", `/v2/a/manifests/${digestOf(body)}`, { headers: { "content-type": mediaType }, body })
    expect([put.status, put.headers["oci-subject"]]).toEqual([201, subject])
  }
  const first = await ask("PUT", "/v2/a/manifests/subject", { headers: type, body: subjectBody })
  expect(first.headers["oci-subject"]).toBeUndefined()
  const list = async (query = "", repository = "a"): Promise<Answer & { manifests: Record<string, unknown>[] }> => {
    const answer = await ask("GET", `/v2/${repository}/referrers/${subject}${query}`)
    return { ...answer, ...(JSON.parse(answer.text) as { manifests: Record<string, unknown>[] }) }
  }
  const all = await list()
  expect(all.headers["content-type"]).toBe(mediaTypes.ociIndex)
  const byDigest = (a: { digest?: unknown }, b: { digest?: unknown }): number =>
    String(a.digest) < String(b.digest) ? -1 : 1
  expect(all.manifests).toEqual(
    [
      {
        mediaType: mediaTypes.ociManifest,
        digest: digestOf(typed),
        size: typed.length,
        artifactType: "application/x",
        annotations: { k: "v" },
      },
      {
        mediaType: mediaTypes.ociManifest,
        digest: digestOf(plain),
        size: plain.length,
        artifactType: "application/x.config",
      },
      { mediaType: mediaTypes.ociIndex, digest: digestOf(index), size: index.length },
    ].sort(byDigest),
  )
  const filtered = await list("?artifactType=application/x")
  expect(filtered.headers["oci-filters-applied"]).toBe("artifactType")
  expect(filtered.manifests.map(({ digest }) => digest)).toEqual([digestOf(typed)])
  expect((await list("", "elsewhere")).manifests).toEqual([])
  expect((await ask("GET", "/v2/a/referrers/sha256:12")).status).toBe(400)
  await ask("DELETE", `/v2/a/manifests/${digestOf(typed)}`)
  expect((await list()).manifests).toHaveLength(2)
})

test("end-9, 10: tags, manifests and blobs are deleted", async () => {
  await using loopback = await startLoopback()
  const { ask } = loopback
  const body = await manifestOf(loopback, "a")
  const digest = digestOf(body)
  for (const tag of ["one", "two"]) await ask("PUT", `/v2/a/manifests/${tag}`, { headers: type, body })
  expect((await ask("DELETE", "/v2/a/manifests/one")).status).toBe(202)
  expect((await ask("GET", "/v2/a/manifests/one")).status).toBe(404)
  expect((await ask("GET", `/v2/a/manifests/${digest}`)).status).toBe(200)
  expect((await ask("DELETE", `/v2/a/manifests/${digest}`)).status).toBe(202)
  expect((await ask("GET", `/v2/a/manifests/${digest}`)).status).toBe(404)
  expect((await ask("GET", "/v2/a/manifests/two")).status).toBe(404)
  expect((await ask("DELETE", `/v2/a/manifests/${digest}`)).status).toBe(404)
  expect((await ask("DELETE", `/v2/unknown/manifests/${digest}`)).status).toBe(404)
  const blob = await pushBlob(loopback, "a", "blob")
  await pushBlob(loopback, "b", "blob")
  expect((await ask("DELETE", `/v2/a/blobs/${blob}`)).status).toBe(202)
  expect((await ask("GET", `/v2/a/blobs/${blob}`)).status).toBe(404)
  expect((await ask("GET", `/v2/b/blobs/${blob}`)).status).toBe(200)
  expect((await ask("DELETE", `/v2/a/blobs/${blob}`)).status).toBe(404)
})

test("a tag is written on a condition, exactly", async () => {
  await using loopback = await startLoopback()
  const { ask } = loopback
  const bodies = await Promise.all(["1", "2", "3"].map((text) => manifestOf(loopback, "a", { text })))
  const put = async (at: number, headers: Headers): Promise<number> =>
    (await ask("PUT", "/v2/a/manifests/t", { headers: { ...type, ...headers }, body: bodies[at] ?? "" })).status
  const tag = (at: number): string => `"${digestOf(bodies[at] ?? "")}"`
  expect(await put(0, { "if-match": tag(0) })).toBe(412)
  const tries = await Promise.all([0, 1, 2].map((at) => put(at, { "if-none-match": "*" })))
  expect(tries.filter((status) => status === 201)).toHaveLength(1)
  expect(tries.filter((status) => status === 412)).toHaveLength(2)
  const winner = tries.indexOf(201)
  const next = (winner + 1) % 3
  expect(await put(next, { "if-match": tag(next) })).toBe(412)
  expect(await put(next, { "if-match": tag(winner) })).toBe(201)
  expect(await put(winner, { "if-none-match": tag(next) })).toBe(412)
})

test("a repository may have parts that look like the API's", async () => {
  await using loopback = await startLoopback()
  const digest = await pushBlob(loopback, "blobs/uploads/manifests/tags/list", "x")
  const answer = await loopback.ask("GET", `/v2/blobs/uploads/manifests/tags/list/blobs/${digest}`)
  expect(answer.text).toBe("x")
})

test.each([
  "/v2/../../etc/passwd",
  "/v2/a/blobs/..%2f..%2foci-layout",
  "/v2/a%2f..%2fb/tags/list",
  "/v2/%zz/tags/list",
  "/v2/a/manifests/..%2f..%2foci-layout",
])("%s leads nowhere", async (path) => {
  await using loopback = await startLoopback()
  await pushBlob(loopback, "a", "x")
  const status = await new Promise<number>((resolve, reject) => {
    request({ port: loopback.port, path }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
      .on("error", reject)
      .end()
  })
  expect([400, 404]).toContain(status)
})

test("web pages are sent away", async () => {
  await using loopback = await startLoopback()
  const digest = digestOf("planted")
  const headers = { origin: "http://127.0.0.1" }
  const path = `/v2/a/blobs/uploads/?digest=${digest}`
  expect((await loopback.ask("POST", path, { headers, body: "planted" })).status).toBe(403)
  expect((await loopback.ask("GET", "/v2/", { headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403)
  expect(await loopback.layout.has("a", digest)).toBe(false)
})

test("a name that was made to lead here is sent away, this machine's own names are not", async () => {
  await using loopback = await startLoopback()
  const statusAs = async (host: string): Promise<number> =>
    (await loopback.ask("GET", "/v2/", { headers: { host } })).status
  for (const name of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:5000"])
    expect(await statusAs(name)).toBe(403)
  for (const name of [`127.0.0.1:${loopback.port}`, "localhost:5000", "[::1]:5000", "127.0.0.1"])
    expect(await statusAs(name)).toBe(200)
})

test("a repository of the longest legal name takes tags", async () => {
  await using loopback = await startLoopback()
  const repository = `${"a".repeat(100)}/${"b".repeat(154)}`
  const body = await manifestOf(loopback, repository)
  const put = await loopback.ask("PUT", `/v2/${repository}/manifests/t`, { headers: type, body })
  expect([repository.length, put.status]).toEqual([255, 201])
})
