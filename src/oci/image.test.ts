import { expect, test } from "vitest"
import { gzipSync, zstdCompressSync } from "node:zlib"
import { archiveOf, imageOf, layerOf, layerOfBytes } from "../../test/support/layers.ts"
import { makeHost } from "../host/node/host.ts"
import { copyManifest } from "./copy.ts"
import { digestOf } from "./digest.ts"
import { graft } from "./graft.ts"
import { appendLayers, readImage, withConfig, withLabels, type Image } from "./image.ts"
import { mediaTypes } from "./media-types.ts"
import { selectPlatform } from "./select-platform.ts"
import { openLayout, type Layout } from "./store/layout/layout.ts"
import { validateImage } from "./validate.ts"
import { constantDate, writeImage, writeIndex } from "./write-image.ts"

const host = makeHost(process.env)

async function opened(): Promise<AsyncDisposable & { readonly store: Layout; readonly other: Layout }> {
  const folder = await host.files.makeTemporary("nbstacks-image-")
  return {
    store: openLayout(`${folder}/one`, host),
    other: openLayout(`${folder}/two`, host),
    [Symbol.asyncDispose]: () => host.files.remove(folder),
  }
}

const base = layerOf({ "etc/": "", "etc/issue": "base" }, "base")
const upper = layerOf({ "opt/": "", "opt/app": "upper" }, "upper")

/** What an engine gives back: Docker's manifest, layers compressed again, volatile fields and steps without a layer. */
async function writeAsDocker(
  image: Image,
  store: Layout,
  repository: string,
  when: string,
): Promise<`sha256:${string}`> {
  const layers = await Promise.all(
    image.layers.map(async (layer) => {
      const open = "open" in layer.from ? layer.from.open : undefined
      const again = gzipSync(Buffer.concat([await inflate(open?.() ?? [])]), { level: 1 })
      const descriptor = { mediaType: mediaTypes.dockerLayerGzip, digest: digestOf(again), size: again.length }
      await store.writeBlob(repository, descriptor, () => chunks(again))
      return descriptor
    }),
  )
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      created: when,
      container: when,
      docker_version: "20.10",
      config: { Hostname: when, Env: ["A=1"], Cmd: ["/bin/sh"], Labels: null, Volumes: {} },
      rootfs: { type: "layers", diff_ids: image.layers.map(({ diffId }) => diffId) },
      history: [
        ...image.layers.map(({ history }) => ({ created: when, created_by: history.created_by })),
        { created: when, created_by: "ENV A=1", empty_layer: true },
      ],
    }),
  )
  const descriptor = { mediaType: mediaTypes.dockerConfig, digest: digestOf(config), size: config.length }
  await store.writeBlob(repository, descriptor, () => chunks(config))
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.dockerManifest, config: descriptor, layers }
  return (await store.writeManifest(
    repository,
    Buffer.from(JSON.stringify(manifest)),
    mediaTypes.dockerManifest,
  )) as `sha256:${string}`
}

async function* chunks(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

async function inflate(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const { gunzipSync } = await import("node:zlib")
  return gunzipSync(Buffer.concat(await Array.fromAsync(source)))
}

test("an image is read as it was written, and its bytes depend on nothing else", async () => {
  await using stores = await opened()
  const image = withLabels(imageOf(base, upper), { b: "2", a: "1" })
  const one = await writeImage(image, { store: stores.store, repository: "a" })
  const two = await writeImage(withLabels(imageOf(base, upper), { a: "1", b: "2" }), {
    store: stores.other,
    repository: "b",
  })
  expect(one).toEqual(two)
  const read = await readImage(stores.store, "a", one.digest)
  expect(read.config).toEqual(image.config)
  expect(
    read.layers.map(({ diffId, descriptor, history }) => ({ diffId, descriptor, by: history.created_by })),
  ).toEqual([base, upper].map(({ diffId, descriptor, history }) => ({ diffId, descriptor, by: history.created_by })))
  expect(await writeImage(read, { store: stores.store, repository: "c" })).toEqual(one)
  expect(await validateImage({ store: stores.store, repository: "c", digest: one.digest })).toEqual([])
})

test("changes give new images and leave the old one as it is", async () => {
  const image = imageOf(base)
  const changed = appendLayers(
    withConfig(image, (config) => ({ ...config, User: "1000" })),
    [upper],
  )
  expect([image.layers.length, changed.layers.length, image.config.User, changed.config.User]).toEqual([
    1,
    2,
    undefined,
    "1000",
  ])
})

test("a graft takes the parent's own layers and forgets when it was made", async () => {
  await using stores = await opened()
  const { store, other } = stores
  const parent = await writeImage(imageOf(base), { store, repository: "base" })
  const results = await Promise.all(
    ["2026-11-21T00:00:00Z", "2027-01-01T00:00:00Z"].map((when) =>
      writeAsDocker(imageOf(base, upper), other, "made", when),
    ),
  )
  expect(new Set(results).size).toBe(2)
  const location = { store, repository: "base", digest: parent.digest }
  const digests = await Promise.all(
    results.map((digest) =>
      graft(location, { store: other, repository: "made", digest }, { store, repository: "child" }),
    ),
  )
  expect(new Set(digests).size).toBe(1)
  const digest = digests[0] ?? parent.digest
  const child = await readImage(store, "child", digest)
  expect(child.layers[0]?.descriptor).toEqual(base.descriptor)
  expect(child.layers.map(({ history }) => history.created)).toEqual([constantDate, constantDate])
  expect((await store.headManifest("child", digest))?.mediaType).toBe(mediaTypes.ociManifest)
  expect(child.layers[1]?.descriptor.mediaType).toBe(mediaTypes.ociLayerGzip)
  expect(await validateImage({ store, repository: "child", digest })).toEqual([])
})

test("a result that is not on its parent is refused", async () => {
  await using stores = await opened()
  const { store } = stores
  const parent = await writeImage(imageOf(base, upper), { store, repository: "a" })
  const result = await writeImage(imageOf(base), { store, repository: "a" })
  const [from, made] = [parent, result].map(({ digest }) => ({ store, repository: "a", digest }))
  await expect(graft(from, made as NonNullable<typeof made>, { store, repository: "a" })).rejects.toMatchObject({
    code: "no",
    message: "The result is not built on its parent",
  })
})

test("a hundred layers are too many", async () => {
  await using stores = await opened()
  const { store } = stores
  const layers = Array.from({ length: 100 }, (_, at) => layerOf({ [`f${at}`]: `${at}` }))
  const made = await writeImage(imageOf(...layers), { store, repository: "a" })
  const location = { store, repository: "a", digest: made.digest }
  await expect(graft(undefined, location, { store, repository: "a" })).rejects.toThrow("fewer than 100")
})

test("an index is copied whole between stores, and nothing moves the second time", async () => {
  await using stores = await opened()
  const { store, other } = stores
  const amd = await writeImage(imageOf(base, upper), { store, repository: "a" })
  const arm = await writeImage({ ...imageOf(base), platform: "linux/arm64" }, { store, repository: "a" })
  const index = await writeIndex(
    [
      { platform: "linux/arm64", digest: arm.digest },
      { platform: "linux/amd64", digest: amd.digest },
    ],
    { store, repository: "a" },
  )
  const from = { store, repository: "a", digest: index.digest }
  const seen: number[] = []
  const copied = await copyManifest(
    from,
    { store: other, repository: "b" },
    { progress: (done) => void seen.push(done) },
  )
  expect(copied.descriptor.digest).toBe(index.digest)
  expect([copied.moved, seen.at(-1)]).toEqual([copied.total, copied.total])
  expect(await validateImage({ store: other, repository: "b", digest: index.digest })).toEqual([])
  expect((await copyManifest(from, { store: other, repository: "b" })).moved).toBe(0)
  expect((await copyManifest(from, { store, repository: "mounted" })).moved).toBe(0)
  const reference = { repository: "b", reference: index.digest }
  expect(await selectPlatform(other, reference, "linux/arm64")).toBe(arm.digest)
  expect(await selectPlatform(other, { repository: "b", reference: amd.digest }, "linux/amd64")).toBe(amd.digest)
  await expect(selectPlatform(other, reference, "linux/s390x")).rejects.toThrow("only for linux/amd64, linux/arm64")
})

test("an aborted copy leaves nothing that can be seen", async () => {
  await using stores = await opened()
  const { digest } = await writeImage(imageOf(base, upper), { store: stores.store, repository: "a" })
  const abort = new AbortController()
  const copy = copyManifest(
    { store: stores.store, repository: "a", digest },
    { store: stores.other, repository: "a" },
    { signal: abort.signal, progress: () => abort.abort() },
  )
  await expect(copy).rejects.toMatchObject({ name: "AbortError" })
  expect(await stores.other.readManifest("a", digest)).toBeUndefined()
})

test("every way in which an image can lie is told", async () => {
  await using stores = await opened()
  const { store } = stores
  const archive = archiveOf({ a: "1" })
  const wrongDiff = { ...layerOf({ b: "2" }), diffId: digestOf("other") }
  const noTar = layerOfBytes(gzipSync("no tar, but long enough to be a header".repeat(20)), {
    archive: Buffer.from(""),
  })
  const zstd = layerOfBytes(zstdCompressSync(archive), { archive, mediaType: mediaTypes.ociLayerZstd })
  const wrongType = layerOfBytes(gzipSync(archive, { level: 1 }), { archive, mediaType: "text/plain" })
  const { digest } = await writeImage(imageOf(wrongDiff, noTar, zstd, wrongType), { store, repository: "a" })
  const found = await validateImage({ store, repository: "a", digest })
  expect(found.map((line) => line.replaceAll(/sha256:\w+/g, "D"))).toEqual([
    "D: its diffID is D, not D",
    "D: Cannot read the layer D: a number in a header is no octal number",
    "D: text/plain is no layer",
  ])
})
