import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Failure } from "../../src/failure.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { digestOf, type Digest } from "../../src/oci/digest.ts"
import { ImageIndex, parseJson } from "../../src/oci/manifest.ts"
import { mediaTypes } from "../../src/oci/media-types.ts"
import { openLayout } from "../../src/oci/store/layout/layout.ts"
import { fallbackTag } from "../../src/oci/store/registry/referrers.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { serveStore } from "../../src/oci/store/server/serve.ts"
import type { Store } from "../../src/oci/store/store.ts"
import { startFaultProxy } from "../support/fault-proxy.ts"
import { bytesOf, makeBlob, pushImage, sourceOf } from "../support/images.ts"
import { startReferrersRegistry } from "../support/referrers-registry.ts"
import { startRegistry } from "../support/registry.ts"

const host = makeHost(process.env)

/** A layout of our own in a new folder, served on loopback. */
async function startOwn(): Promise<AsyncDisposable & { readonly address: string }> {
  const folder = await host.files.makeTemporary("nbstacks-store-")
  const server = await serveStore(openLayout(folder, host), host, { port: 0 })
  const stop = async (): Promise<void> => {
    await server[Symbol.asyncDispose]()
    await host.files.remove(folder)
  }
  return { address: server.address, [Symbol.asyncDispose]: stop }
}

const kinds = [
  { name: "the CNCF registry", start: () => startRegistry(host), guarantee: "observed", tagSchema: true },
  // Its referrers API lists no annotations.
  {
    name: "go-containerregistry's",
    start: () => startReferrersRegistry(host),
    guarantee: "observed",
    tagSchema: true,
  },
  { name: "our own", start: startOwn, guarantee: "exact", tagSchema: false },
] as const

async function all<T>(stream: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = []
  for await (const one of stream) found.push(one)
  return found
}

describe.each(kinds)("$name", ({ start, guarantee, tagSchema }) => {
  // Without Go there is one registry less to try; it says so in the report of the tests.
  let server: Awaited<ReturnType<typeof start>> | undefined
  const requests: string[] = []
  let store: Store
  beforeAll(async () => {
    server = await start()
    store = openRegistry(`${server.address}/hub`, host, {
      requests: ({ method, url }) => requests.push(`${method} ${new URL(url).pathname}`),
    })
  })
  afterAll(async () => await server?.[Symbol.asyncDispose]())

  test("blobs go up once and come back whole and in parts", async () => {
    expect(store.name).toBe(`${server?.address}/hub`)
    const blob = makeBlob(3_000_000)
    expect(await store.has("blobs/a", blob.descriptor.digest)).toBe(false)
    await store.writeBlob("blobs/a", blob.descriptor, sourceOf(blob.bytes))
    expect(await store.has("blobs/a", blob.descriptor.digest)).toBe(true)
    expect(requests).toContain(`HEAD /v2/hub/blobs/a/blobs/${blob.descriptor.digest}`)
    expect((await bytesOf(store.read("blobs/a", blob.descriptor.digest))).equals(blob.bytes)).toBe(true)
    const part = await bytesOf(store.read("blobs/a", blob.descriptor.digest, [1_000_000, 1_000_009]))
    expect(part.equals(blob.bytes.subarray(1_000_000, 1_000_010))).toBe(true)

    requests.length = 0
    await store.writeBlob("blobs/a", blob.descriptor, () => {
      throw new Error("its source is not read again")
    })
    expect(requests).toEqual([`HEAD /v2/hub/blobs/a/blobs/${blob.descriptor.digest}`])
  })

  test("an empty blob goes up", async () => {
    const blob = makeBlob("")
    await store.writeBlob("blobs/empty", blob.descriptor, sourceOf(blob.bytes))
    expect((await bytesOf(store.read("blobs/empty", blob.descriptor.digest))).length).toBe(0)
  })

  test("a blob of another repository is mounted without its bytes", async () => {
    const blob = makeBlob(100_000)
    await store.writeBlob("mount/from", blob.descriptor, sourceOf(blob.bytes))
    let read = false
    const source = (): AsyncIterable<Uint8Array> => {
      read = true
      return sourceOf(blob.bytes)()
    }
    await store.writeBlob("mount/to", blob.descriptor, source, { from: "mount/from" })
    expect(await store.has("mount/to", blob.descriptor.digest)).toBe(true)
    expect(read).toBe(false)
    await store.writeBlob("mount/other", makeBlob("x").descriptor, sourceOf(Buffer.from("x")), {
      from: "mount/unknown",
    })
    expect(await store.has("mount/other", digestOf("x"))).toBe(true)
  })

  test("a source that is shorter, longer or broken is told from a broken connection", async () => {
    const blob = makeBlob(200_000)
    const short = store.writeBlob("bad", blob.descriptor, sourceOf(blob.bytes.subarray(1)))
    await expect(short).rejects.toMatchObject({ code: "cannot", message: expect.stringContaining("fewer") as string })
    const long = store.writeBlob("bad", blob.descriptor, sourceOf(Buffer.concat([blob.bytes, Buffer.from("x")])))
    await expect(long).rejects.toMatchObject({ code: "cannot", message: expect.stringContaining("more") as string })
    const lost = new Error("the disk is gone")
    const broken = store.writeBlob("bad", blob.descriptor, async function* () {
      yield blob.bytes.subarray(0, 1000)
      throw lost
    })
    await expect(broken).rejects.toBe(lost)
    const other = store.writeBlob("bad", blob.descriptor, sourceOf(Buffer.alloc(200_000)))
    await expect(other).rejects.toBeInstanceOf(Failure)
    expect(await store.has("bad", blob.descriptor.digest)).toBe(false)
  })

  test("manifests go by digest and tag, and what is not there is undefined", async () => {
    const image = await pushImage(store, "images/a")
    const { digest } = image.descriptor
    expect(await store.readManifest("images/a", digest)).toEqual({
      descriptor: image.descriptor,
      bytes: expect.anything() as unknown,
    })
    expect(await store.headManifest("images/a", digest)).toEqual(image.descriptor)
    expect(await store.readManifest("images/a", "nothing")).toBeUndefined()
    expect(await store.headManifest("images/none", "nothing")).toBeUndefined()
    await expect(bytesOf(store.read("images/a", digestOf("nothing")))).rejects.toMatchObject({ code: "cannot" })

    const tagged = await store.tag("images/a", "v1", digest)
    expect(tagged).toEqual({ guarantee: "observed" })
    const read = await store.readManifest("images/a", "v1")
    expect(Buffer.from(read?.bytes ?? []).equals(image.bytes)).toBe(true)
    expect(await store.tag("images/a", "v1", digest)).toEqual({ guarantee: "observed", replaced: digest })
  })

  test("an index holds the images of several platforms", async () => {
    const images = await Promise.all(
      ["amd64", "arm64"].map((architecture) => pushImage(store, "images/many", { architecture })),
    )
    const index = makeBlob(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: images.map(({ descriptor }) => descriptor),
      }),
    )
    const digest = await store.writeManifest("images/many", index.bytes, mediaTypes.ociIndex)
    await store.tag("images/many", "all", digest)
    expect((await store.headManifest("images/many", "all"))?.mediaType).toBe(mediaTypes.ociIndex)
  })

  test("a tag moves only from what is expected", async () => {
    const [one, two] = [await pushImage(store, "moves"), await pushImage(store, "moves")].map(
      ({ descriptor }) => descriptor.digest,
    )
    if (one === undefined || two === undefined) throw new Error("no images")
    expect(await store.tag("moves", "stable", one, "absent")).toEqual({ guarantee })
    await expect(store.tag("moves", "stable", two, "absent")).rejects.toMatchObject({ code: "no" })
    await expect(store.tag("moves", "stable", two, two)).rejects.toMatchObject({ code: "no" })
    expect(await store.tag("moves", "stable", two, one)).toEqual({ guarantee, replaced: one })
    await expect(store.tag("moves", "stable", digestOf("none"))).rejects.toMatchObject({ code: "cannot" })
  })

  test("tags come in order, also those after one", async () => {
    const image = await pushImage(store, "tags")
    for (const tag of ["b", "a", "release-0000000010", "release-0000000002", "Z"])
      await store.tag("tags", tag, image.descriptor.digest)
    expect(await all(store.tags("tags"))).toEqual(["Z", "a", "b", "release-0000000002", "release-0000000010"])
    expect(await all(store.tags("tags", "release-"))).toEqual(["release-0000000002", "release-0000000010"])
    expect(await all(store.tags("tags", "release-0000000010"))).toEqual([])
    expect(await all(store.tags("tags/none"))).toEqual([])
  })

  test("what refers to an image is found, by the API or by the fallback tag", async () => {
    const image = await pushImage(store, "evidence")
    const subject = image.descriptor
    expect(await store.referrers("evidence", subject.digest)).toEqual([])
    const empty = makeBlob("{}", mediaTypes.ociEmpty)
    await store.writeBlob("evidence", empty.descriptor, sourceOf(empty.bytes))
    const artifact = (number: number): Uint8Array =>
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.ociManifest,
          artifactType: "application/vnd.example.report",
          config: empty.descriptor,
          layers: [empty.descriptor],
          subject,
          annotations: { "example.number": String(number) },
        }),
      )
    const attached = await Promise.all(
      [1, 2, 3].map((number) => store.attach("evidence", subject.digest, [artifact(number)])),
    )
    const found = await store.referrers("evidence", subject.digest)
    const numbers = found.map(({ digest, artifactType, annotations }) => [
      digest,
      artifactType,
      annotations?.["example.number"],
    ])
    expect(new Set(numbers.map(String))).toEqual(
      new Set(
        attached
          .flat()
          .map(({ digest }, index) => String([digest, "application/vnd.example.report", String(index + 1)])),
      ),
    )
    const again = await store.attach("evidence", subject.digest, [artifact(1)])
    expect(again).toEqual(attached[0])
    expect(await store.referrers("evidence", subject.digest)).toHaveLength(3)
    const tag = await store.readManifest("evidence", fallbackTag(subject.digest))
    const tagged = tag === undefined ? [] : parseJson(tag.bytes, ImageIndex, "the list").manifests
    expect(tagged).toHaveLength(tagSchema ? 3 : 0)
    const other = store.attach("evidence", digestOf("another"), [artifact(4)])
    await expect(other).rejects.toMatchObject({ code: "cannot" })
  })

  test("what the API does not list but the fallback tag does is found as well", async () => {
    const subject = (await pushImage(store, "union")).descriptor
    const [byApi, byTag] = [await pushImage(store, "union", { subject }), await pushImage(store, "union")]
    await store.attach("union", subject.digest, [byApi.bytes])
    const known = (await store.readManifest("union", fallbackTag(subject.digest)))?.bytes
    const manifests = known === undefined ? [] : parseJson(known, ImageIndex, "the list").manifests
    const list = makeBlob(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [...manifests, byTag.descriptor] }),
    )
    const digest = await store.writeManifest("union", list.bytes, mediaTypes.ociIndex)
    await store.tag("union", fallbackTag(subject.digest), digest)
    const found = (await store.referrers("union", subject.digest)).map((one) => one.digest)
    expect(new Set(found)).toEqual(new Set([byApi.descriptor.digest, byTag.descriptor.digest]))
  })

  test("names that a registry would not take are refused before anything is sent", async () => {
    requests.length = 0
    await expect(store.has("Upper/Case", digestOf("x"))).rejects.toMatchObject({ code: "cannot" })
    await expect(store.readManifest("a", "../../x")).rejects.toMatchObject({ code: "cannot" })
    await expect(store.writeManifest("a", Buffer.alloc(5 * 1024 * 1024), mediaTypes.ociManifest)).rejects.toMatchObject(
      { code: "cannot" },
    )
    expect(requests).toEqual([])
  })
})

test("of many who move a tag at once on a registry that honours conditions, one does", async () => {
  await using server = await startOwn()
  const stores = Array.from({ length: 6 }, () => openRegistry(server.address, host))
  const [first] = stores
  if (first === undefined) throw new Error("no store")
  const digests = await Promise.all(stores.map(async () => (await pushImage(first, "race")).descriptor.digest))
  const race = async (expected: "absent" | Digest): Promise<Digest> => {
    const moves = stores.map((store, index) => store.tag("race", "stable", digests[index] ?? digestOf(""), expected))
    const settled = await Promise.allSettled(moves)
    const won = settled.flatMap((one, index) =>
      one.status === "fulfilled" ? [{ ...one.value, to: digests[index] }] : [],
    )
    const lost = settled.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []))
    const now = (await first.headManifest("race", "stable"))?.digest ?? digestOf("")
    expect(won).toEqual([{ guarantee: "exact", to: now, ...(expected === "absent" ? {} : { replaced: expected }) }])
    expect(lost).toEqual(Array.from({ length: 5 }, () => expect.objectContaining({ code: "no" }) as unknown))
    return now
  }
  const winner = await race("absent")
  digests[digests.indexOf(winner)] = (await pushImage(first, "race")).descriptor.digest
  await race(winner)
})

test("many who write one fallback tag under conditions lose nothing", async () => {
  await using server = await startOwn()
  await using proxy = await startFaultProxy(host, server.address)
  proxy.fault = ({ target }) => (target.includes("/referrers/") ? { kind: "answer", status: 404 } : undefined)
  const stores = Array.from({ length: 4 }, () => openRegistry(proxy.address, host))
  const [first] = stores
  if (first === undefined) throw new Error("no store")
  const subject = (await pushImage(first, "lists")).descriptor
  const attached = await Promise.all(
    stores.map(async (store) => {
      const { bytes } = await pushImage(store, "lists", { subject })
      return (await store.attach("lists", subject.digest, [bytes]))[0]?.digest
    }),
  )
  const found = await first.referrers("lists", subject.digest)
  expect(new Set(found.map(({ digest }) => digest))).toEqual(new Set(attached))
})

test("what is attached at once is one change of the fallback list", async () => {
  await using server = await startOwn()
  await using proxy = await startFaultProxy(host, server.address)
  proxy.fault = ({ target }) => (target.includes("/referrers/") ? { kind: "answer", status: 404 } : undefined)
  const puts: string[] = []
  const store = openRegistry(proxy.address, host, {
    requests: ({ method, url }) => void (method === "PUT" && puts.push(url)),
  })
  const subject = (await pushImage(store, "lists")).descriptor
  const several = [await pushImage(store, "lists", { subject }), await pushImage(store, "lists", { subject })]
  await store.attach(
    "lists",
    subject.digest,
    several.map(({ bytes }) => bytes),
  )
  expect(puts.filter((url) => url.endsWith(`/manifests/${fallbackTag(subject.digest)}`))).toHaveLength(1)
  const found = (await store.referrers("lists", subject.digest)).map(({ digest }) => digest)
  expect(new Set(found)).toEqual(new Set(several.map(({ descriptor }) => descriptor.digest)))
})

test("many stores and rows at once share what they send", async () => {
  await using server = await startRegistry(host)
  const posts: string[] = []
  const store = openRegistry(server.address, host, {
    requests: ({ method, url }) => void (method === "POST" && posts.push(url)),
  })
  const blobs = Array.from({ length: 30 }, () => makeBlob(50_000))
  const pushes = [...blobs, ...blobs, ...blobs].map(({ descriptor, bytes }) =>
    store.writeBlob("many", descriptor, sourceOf(bytes)),
  )
  await Promise.all(pushes)
  expect(posts).toHaveLength(30)
  const copies = blobs.map(({ descriptor }) =>
    store.writeBlob("copy", descriptor, () => store.read("many", descriptor.digest)),
  )
  await Promise.all(copies)
  const there = await Promise.all(blobs.map(({ descriptor }) => store.has("copy", descriptor.digest)))
  expect(there).toEqual(blobs.map(() => true))
})
