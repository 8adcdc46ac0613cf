import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import type { Finished } from "../../src/host/process.ts"
import { readImage } from "../../src/oci/image.ts"
import { openLayout, type Layout } from "../../src/oci/store/layout/layout.ts"
import { serveStore, type StoreServer } from "../../src/oci/store/server/serve.ts"
import { unpackImage } from "../../src/oci/unpack.ts"
import { validateImage } from "../../src/oci/validate.ts"
import { writeImage } from "../../src/oci/write-image.ts"
import { imageOf, layerOf } from "../support/layers.ts"

const host = makeHost(process.env)

type Opened = AsyncDisposable & { readonly folder: string; readonly path: string; readonly layout: Layout }

async function opened(): Promise<Opened> {
  const folder = await host.files.makeTemporary("nbstacks-layout-")
  const path = join(folder, "store")
  return { folder, path, layout: openLayout(path, host), [Symbol.asyncDispose]: () => host.files.remove(folder) }
}

async function run(...argv: [string, ...string[]]): Promise<Finished> {
  const finished = await host.run({ argv, timeout: 120_000 })
  expect(finished, `${argv.join(" ")}\n${finished.stderr}`).toMatchObject({ code: 0 })
  return finished
}

const image = imageOf(
  layerOf({ "etc/": "", "etc/issue": "base", bin: { kind: "symlink", link: "usr/bin" }, "usr/": "", "usr/bin/": "" }),
  layerOf({
    "opt/": "",
    "opt/app": { content: "app", mode: 0o755 },
    "opt/link": { kind: "hardlink", link: "opt/app" },
  }),
)

test("skopeo and umoci read the folder", async () => {
  await using store = await opened()
  const { digest } = await writeImage(image, { store: store.layout, repository: "a/b" })
  await store.layout.tag("a/b", "1.0", digest)
  const name = `oci:${store.path}:a/b:1.0`
  expect(JSON.parse((await run("skopeo", "inspect", "--raw", name)).stdout)).toMatchObject({ schemaVersion: 2 })
  await run("skopeo", "copy", "--insecure-policy", name, `oci:${store.folder}/copy:x`)
  const bundle = join(store.folder, "bundle")
  await run("umoci", "unpack", "--rootless", "--image", `${store.folder}/copy:x`, bundle)
  expect(await host.files.readText(`${bundle}/rootfs/opt/link`)).toBe("app")
})

async function push(store: Opened, server: StoreServer): Promise<string> {
  const { digest } = await writeImage(image, { store: store.layout, repository: "made" })
  await store.layout.tag("made", "1", digest)
  await run(
    ...(["skopeo", "copy", "--insecure-policy", "--src-tls-verify=false", "--dest-tls-verify=false"] as const),
    `docker://${server.address}/made:1`,
    `docker://${server.address}/pushed/by/skopeo:1`,
  )
  return digest
}

test("skopeo pulls from the server and pushes to it, bytes kept", async () => {
  await using store = await opened()
  await using server = await serveStore(store.layout, host)
  const digest = await push(store, server)
  expect((await store.layout.headManifest("pushed/by/skopeo", "1"))?.digest).toBe(digest)
  expect(
    await validateImage({ store: store.layout, repository: "pushed/by/skopeo", digest: digest as `sha256:${string}` }),
  ).toEqual([])
  const from = `docker://${server.address}/made:1`
  const format = ["--format", "v2s2"] as const
  await run("skopeo", "copy", "--insecure-policy", "--src-tls-verify=false", ...format, from, `dir:${store.folder}/dir`)
  await run(
    "skopeo",
    "copy",
    "--insecure-policy",
    "--dest-tls-verify=false",
    `dir:${store.folder}/dir`,
    `docker://${server.address}/schema2:1`,
  )
  const schema2 = await readImage(store.layout, "schema2", "1")
  expect(schema2.layers.map(({ diffId }) => diffId)).toEqual(image.layers.map(({ diffId }) => diffId))
  const tags = await run("skopeo", "list-tags", "--tls-verify=false", `docker://${server.address}/made`)
  expect(JSON.parse(tags.stdout)).toMatchObject({ Tags: ["1"] })
  await run("skopeo", "delete", "--tls-verify=false", from)
  expect(await store.layout.headManifest("made", "1")).toBeUndefined()
})

test("the server takes the port that it had before, and another one beside it", async () => {
  await using store = await opened()
  const ports: number[] = []
  for (let at = 0; at < 2; at++) {
    await using first = await serveStore(store.layout, host)
    await using second = await serveStore(openLayout(store.path, host), host)
    ports.push(first.port, second.port)
  }
  expect(ports[0]).not.toBe(ports[1])
  expect(ports.slice(2)).toEqual(ports.slice(0, 2))
})

test("an image is unpacked with its owners, modes, times and links, once", async () => {
  await using store = await opened()
  const folder = join(store.folder, "root")
  const full = imageOf(
    ...image.layers,
    layerOf({
      "opt/": { mode: 0o2775, uid: 1000, gid: 100 },
      "opt/app": { content: "new", mode: 0o4750, uid: 1000, gid: 100 },
      "bin/tool": "followed",
      evil: { kind: "symlink", link: "/etc" },
      "evil/passwd": "inside",
      "etc/.wh.issue": "",
    }),
  )
  await Promise.all([unpackImage(full, folder, host), unpackImage(full, folder, host)])
  const isRoot = host.machine.uid === 0
  const stat = await host.files.stat(`${folder}/opt/app`)
  expect(stat).toMatchObject({ mode: isRoot ? 0o4750 : 0o750, mtime: 315_532_800_000_000_000n })
  expect(isRoot ? [stat?.uid, stat?.gid] : [1000, 100]).toEqual([1000, 100])
  expect((await host.files.stat(`${folder}/opt`))?.mode).toBe(isRoot ? 0o2775 : 0o775)
  expect(await host.files.readText(`${folder}/usr/bin/tool`)).toBe("followed")
  expect(await host.files.readText(`${folder}/opt/link`)).toBe("app")
  expect(await host.files.readLink(`${folder}/bin`)).toBe("usr/bin")
  expect(await host.files.readText(`${folder}/etc/passwd`)).toBe("inside")
  expect(await host.files.stat(`${folder}/etc/issue`)).toBeUndefined()
  expect((await host.files.list(store.folder))?.map(({ name }) => name)).toEqual(["root"])
})

test("an image that cannot be unpacked leaves no folder", async () => {
  await using store = await opened()
  const folder = join(store.folder, "root")
  const bad = imageOf(layerOf({ a: "1" }), layerOf({ "../outside": "1" }))
  await expect(unpackImage(bad, folder, host)).rejects.toThrow("leads out of it")
  await expect(unpackImage(image, folder, host, { limit: 5 })).rejects.toThrow("more than the limit")
  const layer = layerOf({ a: "1", b: "2" })
  let reads = 0
  const breaking = async function* (): AsyncIterable<Uint8Array> {
    const all = Buffer.concat(await Array.fromAsync("open" in layer.from ? layer.from.open() : []))
    yield reads++ === 0 ? all : all.subarray(0, 60)
  }
  const broken = imageOf({ ...layer, from: { open: breaking } })
  await expect(unpackImage(broken, folder, host)).rejects.toThrow("Cannot inflate")
  expect(await host.files.list(store.folder)).toEqual([])
})

/** A process that writes images into a store until it is killed, telling each that it has tagged. */
const writer = `
  import { makeHost } from ${JSON.stringify(join(import.meta.dirname, "../../src/host/node/host.ts"))}
  import { openLayout } from ${JSON.stringify(join(import.meta.dirname, "../../src/oci/store/layout/layout.ts"))}
  import { writeImage } from ${JSON.stringify(join(import.meta.dirname, "../../src/oci/write-image.ts"))}
  import { imageOf, layerOf } from ${JSON.stringify(join(import.meta.dirname, "../support/layers.ts"))}
  const [folder, name] = process.argv.slice(1)
  const store = openLayout(folder, makeHost(process.env))
  await using lease = await store.lease()
  for (let at = 0; ; at++) {
    const image = imageOf(layerOf({ shared: String(at) }), layerOf({ [name]: "x".repeat(200_000) + at }))
    const { digest } = await writeImage(image, { store, repository: "a" })
    await store.tag("a", name + "-" + at, digest, "absent")
    console.log(name + "-" + at)
  }
`

test("writers that are killed at any moment leave a sound store with all that they told", async () => {
  await using store = await opened()
  const told: string[] = []
  const round = async (name: string, lines: number): Promise<void> => {
    await using child = await host.start({
      argv: [process.execPath, "--input-type=module", "-e", writer, store.path, name],
    })
    let text = ""
    for await (const chunk of child.stdout) {
      text += Buffer.from(chunk).toString()
      if (text.split("\n").length > lines) break
    }
    child.kill("SIGKILL")
    told.push(...text.split("\n").slice(0, -1))
    await child.ended
  }
  await Promise.all(["a", "b", "c"].map((name, at) => round(name, 3 + at)))
  await Promise.all(["d", "e"].map((name, at) => round(name, 5 + at)))
  expect(told.length).toBeGreaterThanOrEqual(20)
  expect((await store.layout.verify()).problems).toEqual([])
  const tags = await Array.fromAsync(store.layout.tags("a"))
  expect(told.filter((tag) => !tags.includes(tag))).toEqual([])
  for (const tag of tags) {
    const found = await store.layout.headManifest("a", tag)
    expect(await validateImage({ store: store.layout, repository: "a", digest: found?.digest ?? "sha256:" })).toEqual(
      [],
    )
  }
  const index = JSON.parse(await host.files.readText(`${store.path}/index.json`)) as { manifests: unknown[] }
  expect(index.manifests).toHaveLength(tags.length)
  await store.layout.gc({ grace: -60_000 })
  expect(await host.files.list(`${store.path}/temporary`)).toEqual([])
})

test("a collector takes nothing from writers with a lease that use what was to be collected", async () => {
  await using store = await opened()
  const { layout } = store
  /** Two writers until so many images are told, meanwhile something else; then they are killed. */
  const writeUntil = async (count: number, meanwhile: () => Promise<void>): Promise<void> => {
    const told: string[] = []
    const one = async (name: string): Promise<void> => {
      const argv = [process.execPath, "--input-type=module", "-e", writer, store.path, name] as const
      await using child = await host.start({ argv })
      for await (const chunk of child.stdout) {
        told.push(...Buffer.from(chunk).toString().trim().split("\n"))
        if (told.length >= count) break
      }
      child.kill("SIGKILL")
      await child.ended
    }
    const state = { isOver: false }
    const writing = Promise.all([one("one"), one("two")]).finally(() => {
      state.isOver = true
    })
    while (!state.isOver) await meanwhile()
    await writing
    expect(told.length).toBeGreaterThanOrEqual(count)
  }
  let removed = 0
  for (let round = 0; round < 2; round++) {
    await writeUntil(30, () => host.sleep(10))
    for await (const tag of layout.tags("a")) await layout.deleteTag("a", tag)
    // So that what is there is older than the ticks of the file system.
    await host.sleep(150)
    await writeUntil(20, async () => {
      removed += (await layout.gc({ grace: 0 })).blobs
    })
    expect((await layout.verify()).problems).toEqual([])
    for await (const tag of layout.tags("a")) await layout.deleteTag("a", tag)
  }
  expect(removed).toBeGreaterThan(0)
  await layout.gc({ grace: -60_000 })
  expect(await layout.verify()).toMatchObject({ blobs: 0, manifests: 0 })
})
