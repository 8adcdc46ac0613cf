import { expect, test } from "vitest"
import { makeHost } from "../../../host/node/host.ts"
import type { Descriptor } from "../../descriptor.ts"
import { digestOf, type Digest } from "../../digest.ts"
import { mediaTypes } from "../../media-types.ts"
import { openLayout, type Layout } from "./layout.ts"

const host = makeHost(process.env)

type Opened = AsyncDisposable & { readonly folder: string; readonly layout: Layout }

async function opened(): Promise<Opened> {
  const folder = await host.files.makeTemporary("nbstacks-layout-")
  return { folder, layout: openLayout(`${folder}/store`, host), [Symbol.asyncDispose]: () => host.files.remove(folder) }
}

function source(text: string): () => AsyncIterable<Uint8Array> {
  return async function* () {
    yield Buffer.from(text)
  }
}

function describe(text: string, mediaType = "text/plain"): Descriptor {
  return { mediaType, digest: digestOf(text), size: Buffer.byteLength(text) }
}

async function read(layout: Layout, repository: string, digest: Digest, range?: [number, number]): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of layout.read(repository, digest, range)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** A manifest of one blob. */
async function putArtifact(
  layout: Layout,
  repository: string,
  {
    text,
    ...more
  }: { text: string; artifactType?: string; subject?: Descriptor; annotations?: Record<string, string> },
): Promise<Descriptor> {
  const blob = describe(text, more.artifactType)
  await layout.writeBlob(repository, blob, source(text))
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: blob, layers: [blob], ...more }),
  )
  return (await layout.putManifest(repository, { bytes, mediaType: mediaTypes.ociManifest })).descriptor
}

test("a file system without second names has marks of their own, and nothing else differs", async () => {
  const folder = await host.files.makeTemporary("nbstacks-layout-")
  await using _ = { [Symbol.asyncDispose]: () => host.files.remove(folder) }
  const plain = { ...host, files: { ...host.files, link: () => Promise.reject(new Error("EPERM")) } }
  for (const [name, on] of Object.entries({ plain, host })) {
    const layout = openLayout(`${folder}/${name}`, on)
    const { digest } = await putArtifact(layout, "a", { text: "hello" })
    await layout.tag("a", "1", digest)
    await putArtifact(layout, "b", { text: "gone" })
    await layout.writeBlob("c", describe("hello"), source("never asked"))
    const old = { grace: -1000 }
    expect(await layout.gc(old)).toMatchObject({ blobs: 2, manifests: 1 })
    const has = (repository: string, text: string): Promise<boolean> => layout.has(repository, describe(text).digest)
    expect(await Promise.all([has("a", "hello"), has("b", "gone"), has("c", "hello")])).toEqual([true, false, true])
    const marks = await host.files.list(`${folder}/${name}/repositories/b/blobs`)
    expect(marks).toEqual([])
    const mark = `${folder}/${name}/repositories/c/blobs/${describe("hello").digest.replace(":", "-")}`
    expect((await host.files.stat(mark))?.size).toBe(name === "host" ? 5 : 0)
  }
})

test("a blob is written once, verified, and read whole or in part", async () => {
  await using store = await opened()
  const blob = describe("hello")
  await store.layout.writeBlob("a/b", blob, source("hello"))
  await store.layout.writeBlob("a/b", blob, () => {
    throw new Error("it is there already")
  })
  expect([await store.layout.has("a/b", blob.digest), await store.layout.has("a", blob.digest)]).toEqual([true, false])
  expect(await read(store.layout, "a/b", blob.digest)).toBe("hello")
  expect(await read(store.layout, "a/b", blob.digest, [1, 3])).toBe("ell")
})

test.each(["hell", "hello!", "jello"])("the bytes %j are refused for hello, and nothing stays", async (text) => {
  await using store = await opened()
  const blob = describe("hello")
  await expect(store.layout.writeBlob("a", blob, source(text))).rejects.toThrow(blob.digest)
  expect(await store.layout.has("a", blob.digest)).toBe(false)
  expect(await host.files.list(`${store.folder}/store/temporary`)).toEqual([])
})

test("a tag is compared and set exactly", async () => {
  await using store = await opened()
  const { layout } = store
  const [one, two] = [await putArtifact(layout, "a", { text: "1" }), await putArtifact(layout, "a", { text: "2" })]
  expect(await layout.tag("a", "t", one.digest, "absent")).toEqual({ guarantee: "exact" })
  await expect(layout.tag("a", "t", two.digest, "absent")).rejects.toMatchObject({ code: "no" })
  await expect(layout.tag("a", "t", two.digest, two.digest)).rejects.toMatchObject({ code: "no" })
  expect(await layout.tag("a", "t", two.digest, one.digest)).toEqual({ guarantee: "exact", replaced: one.digest })
  expect((await layout.readManifest("a", "t"))?.descriptor).toEqual(two)
})

test("of many who want a tag to be absent, one gets it", async () => {
  await using store = await opened()
  const { layout } = store
  const digests = await Promise.all(
    Array.from({ length: 12 }, async (_, at) => (await putArtifact(layout, "a", { text: `${at}` })).digest),
  )
  const other = openLayout(`${store.folder}/store`, host)
  const tries = await Promise.allSettled(
    digests.map((digest, at) => (at % 2 === 0 ? layout : other).tag("a", "t", digest, "absent")),
  )
  expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
  const winner = tries.findIndex(({ status }) => status === "fulfilled")
  expect((await layout.headManifest("a", "t"))?.digest).toBe(digests[winner])
})

test("index.json holds all tags, sorted, also when they are written at once", async () => {
  await using store = await opened()
  const { digest } = await putArtifact(store.layout, "a/b", { text: "1" })
  await Promise.all(["c", "a", "b", "d"].map((tag) => store.layout.tag("a/b", tag, digest)))
  await store.layout.deleteTag("a/b", "d")
  const index = JSON.parse(await host.files.readText(`${store.folder}/store/index.json`)) as {
    manifests: { digest: Digest; annotations: Record<string, string> }[]
  }
  expect(
    index.manifests.map((entry) => [entry.annotations["org.opencontainers.image.ref.name"], entry.digest]),
  ).toEqual(["a/b:a", "a/b:b", "a/b:c"].map((name) => [name, digest]))
})

test("tags are listed in the order of their bytes", async () => {
  await using store = await opened()
  const { digest } = await putArtifact(store.layout, "a", { text: "1" })
  for (const tag of ["b", "B", "a", "1"]) await store.layout.tag("a", tag, digest)
  expect(await Array.fromAsync(store.layout.tags("a"))).toEqual(["1", "B", "a", "b"])
  expect(await Array.fromAsync(store.layout.tags("a", "B"))).toEqual(["a", "b"])
  expect(await Array.fromAsync(store.layout.tags("unknown"))).toEqual([])
})

test("referrers carry type and annotations", async () => {
  await using store = await opened()
  const { layout } = store
  const subject = await putArtifact(layout, "a", { text: "1" })
  const annotations = { x: "y" }
  const from = await putArtifact(layout, "a", { text: "2", artifactType: "application/x", subject, annotations })
  expect(await layout.referrers("a", subject.digest)).toEqual([{ ...from, artifactType: "application/x", annotations }])
  await layout.deleteManifest("a", from.digest)
  expect(await layout.referrers("a", subject.digest)).toEqual([])
})

test("a manifest that names what is not here is refused", async () => {
  await using store = await opened()
  const config = describe("nowhere")
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [] }))
  await expect(store.layout.writeManifest("a", bytes, mediaTypes.ociManifest)).rejects.toThrow(config.digest)
  await expect(store.layout.writeManifest("a", Buffer.from("{"), mediaTypes.ociManifest)).rejects.toThrow("no JSON")
})

test("names that could leave the folder are refused", async () => {
  await using store = await opened()
  const { digest } = await putArtifact(store.layout, "a", { text: "1" })
  await expect(store.layout.tag("a", "../x", digest)).rejects.toThrow("no legal tag")
  await expect(store.layout.tag("../a", "x", digest)).rejects.toThrow("no repository name")
  expect(await store.layout.readManifest("a", "../../oci-layout")).toBeUndefined()
})

test("gc keeps what tags, referrers and state artifacts lead to, and nothing else", async () => {
  await using store = await opened()
  const { layout } = store
  const tagged = await putArtifact(layout, "a", { text: "tagged" })
  const referrer = await putArtifact(layout, "a", { text: "referrer", subject: tagged })
  const unnamed = await putArtifact(layout, "b", { text: "unnamed, but in the state" })
  const lost = await putArtifact(layout, "b", { text: "lost" })
  const lostReferrer = await putArtifact(layout, "b", { text: "of the lost one", subject: lost })
  const state = await putArtifact(layout, "state", {
    text: JSON.stringify({ images: [unnamed.digest] }),
    artifactType: "application/vnd.nbstacks.release.v1+json",
  })
  await layout.tag("a", "t", tagged.digest)
  await layout.tag("state", "release-1", state.digest)

  expect(await layout.gc({ grace: 3_600_000 })).toEqual({ blobs: 0, manifests: 0, bytes: 0 })
  const { blobs, manifests } = await layout.gc({ grace: -1000 })
  expect({ blobs, manifests }).toEqual({ blobs: 4, manifests: 2 })
  const left = await Promise.all(
    [tagged, referrer, unnamed, lost, lostReferrer].map(async ({ digest }, at) =>
      layout.readManifest(at < 2 ? "a" : "b", digest),
    ),
  )
  expect(left.map((manifest) => manifest?.descriptor)).toEqual([tagged, referrer, unnamed, undefined, undefined])
  expect((await layout.verify()).problems).toEqual([])
})

test("gc counts without taking, also what tags would leave that are about to go", async () => {
  await using store = await opened()
  const { layout } = store
  const kept = await putArtifact(layout, "a", { text: "kept" })
  const old = await putArtifact(layout, "a", { text: "old" })
  await layout.tag("a", "kept", kept.digest)
  await layout.tag("a", "old", old.digest)
  const without = [{ repository: "a", tag: "old" }]
  expect(await layout.gc({ grace: -1000, dryRun: true })).toMatchObject({ blobs: 0, manifests: 0 })
  const counted = await layout.gc({ grace: -1000, dryRun: true, without })
  expect(counted).toMatchObject({ manifests: 1 })
  expect((await layout.readManifest("a", old.digest))?.descriptor).toEqual(old)
  await layout.deleteTag("a", "old")
  expect(await layout.gc({ grace: -1000 })).toEqual(counted)
  expect(await layout.readManifest("a", old.digest)).toBeUndefined()
  expect((await layout.readManifest("a", kept.digest))?.descriptor).toEqual(kept)
})

test("gc spares what was used since a running process took its lease", async () => {
  await using store = await opened()
  const { layout } = store
  const blob = describe("old")
  await layout.writeBlob("a", blob, source("old"))
  const late = { ...host, now: () => new Date(Date.now() + 86_400_000) }
  const collector = openLayout(`${store.folder}/store`, late)
  {
    await using _lease = await layout.lease()
    await layout.has("a", blob.digest)
    expect((await collector.gc({ grace: 0 })).blobs).toBe(0)
  }
  expect((await collector.gc({ grace: 0 })).blobs).toBe(1)
})

test("verify moves damaged blobs aside, and a second write brings them again", async () => {
  await using store = await opened()
  const { layout } = store
  const manifest = await putArtifact(layout, "a", { text: "whole" })
  await layout.tag("a", "t", manifest.digest)
  const { digest } = describe("whole")
  await host.files.write(`${store.folder}/store/blobs/sha256/${digest.slice(7)}`, "hole!")
  await expect(read(layout, "a", digest)).rejects.toThrow("bytes of")
  const found = (await layout.verify()).problems
  expect(found.map(({ kind }) => kind)).toEqual(["damaged", "missing", "missing"])
  expect(await layout.has("a", digest)).toBe(false)
  await putArtifact(layout, "a", { text: "whole" })
  expect((await layout.verify()).problems).toEqual([])
})

test("verify says what is missing", async () => {
  await using store = await opened()
  const { digest } = await putArtifact(store.layout, "a", { text: "1" })
  await store.layout.tag("a", "t", digest)
  await host.files.remove(`${store.folder}/store/blobs/sha256/${digest.slice(7)}`)
  expect((await store.layout.verify()).problems).toEqual([
    { kind: "missing", digest, repository: "a", message: `The manifest ${digest} of a is not there` },
  ])
})
