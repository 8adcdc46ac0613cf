import { createHash } from "node:crypto"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { digestOf, type Digest } from "../../src/oci/digest.ts"
import { factsOfLayers } from "../../src/evidence/inventory/inventory.ts"
import type { LayerFacts } from "../../src/evidence/inventory/layer-facts.ts"
import { readImage, type Layer } from "../../src/oci/image.ts"
import { layerArchive, layerEntries } from "../../src/oci/layer/open.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import type { Store } from "../../src/oci/store/store.ts"
import { startBuildkit } from "../support/buildkit.ts"
import { buildCompressed, compressions, type Compressed, type Compression } from "../support/compressed.ts"
import { findCrane } from "../support/crane.ts"
import { platformOfHost } from "../support/debian.ts"
import { startDocker, type TestDocker } from "../support/docker.ts"
import { firstMember } from "../support/first-member.ts"
import { must, readByGnu, runByBuildah, writeBlob } from "../support/readers.ts"
import { openSandbox } from "../support/sandbox.ts"
import { makeStargz, readStargz } from "../support/stargz.ts"

const host = makeHost(process.env)
const crane = await findCrane(host)

let docker: TestDocker
let compressed: Compressed

beforeAll(async () => {
  docker = await startDocker()
  compressed = await buildCompressed(host, docker.address)
})

afterAll(async () => {
  await compressed?.[Symbol.asyncDispose]()
  await docker?.[Symbol.asyncDispose]()
})

const imageOf: Compressed["imageOf"] = (compression) => compressed.imageOf(compression)

test("diffIDs are the same whatever the compression, but for the table that eStargz adds", () => {
  const diffIds = (compression: Compression): readonly string[] =>
    imageOf(compression).image.layers.map(({ diffId }) => diffId)
  expect(diffIds("zstd")).toEqual(diffIds("gzip"))
  expect(diffIds("single-member")).toEqual(diffIds("gzip"))
  expect(diffIds("estargz")).not.toEqual(diffIds("gzip"))
  const types = new Set(imageOf("zstd").image.layers.map(({ descriptor }) => descriptor.mediaType))
  expect(types.has("application/vnd.oci.image.layer.v1.tar+zstd")).toBe(true)
})

test.each(compressions)("Podman, skopeo and crane read %s", async (compression) => {
  const { reference } = imageOf(compression)
  await compressed.layoutOf(compression)
  // Its validation takes every layer that is not plain for gzip.
  if (compression !== "zstd") await must(host, crane, "validate", "--remote", reference)
  const root = join(compressed.folder, compression)
  const podman = [
    "podman",
    "--root",
    root,
    "--runroot",
    `${root}-run`,
    "--runtime",
    "runc",
    "--cgroup-manager",
  ] as const
  const all = [...podman, "cgroupfs"] as [string, ...string[]]
  try {
    await must(host, ...all, "pull", "--quiet", "--tls-verify=false", reference)
    const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--network", "none"]
    const script = "import numpy; print(numpy.linspace(0, 1, 3).tolist())"
    expect(await must(host, ...all, "run", "--rm", ...limits, reference, "python", "-c", script)).toBe(
      "[0.0, 0.5, 1.0]\n",
    )
  } finally {
    await must(host, ...all, "rmi", "--all", "--force")
    // Podman mounts its own storage on itself.
    await host.run({ argv: ["umount", "--lazy", join(root, "overlay")] })
  }
})

test.each(["estargz", "single-member"] as const)("Docker takes %s", async (compression) => {
  const { reference } = imageOf(compression)
  await docker.docker("pull", "--quiet", reference)
  const script = "import numpy; print(numpy.arange(4).sum())"
  expect(await docker.docker("run", "--rm", reference, "python", "-c", script)).toBe("6\n")
})

/** A layer of which is counted what is read of it. */
function counted(layer: Layer): { readonly layer: Layer; readonly read: () => number } {
  let bytes = 0
  const { from } = layer
  if (!("store" in from)) throw new Error("the layer is in no store")
  const store: Store = {
    ...from.store,
    read: async function* (...args) {
      for await (const piece of from.store.read(...args)) {
        bytes += piece.length
        yield piece
      }
    },
  }
  return { layer: { ...layer, from: { ...from, store } }, read: () => bytes }
}

async function factsOf(layer: Layer, tables: boolean): Promise<LayerFacts | undefined> {
  const image = { ...imageOf("estargz").image, layers: [layer] }
  return (await factsOfLayers(image, { tables }))[0]
}

test("of layers with a table of contents only the parts are read that say something, and they say the same", async () => {
  const { image } = imageOf("estargz")
  let read = 0
  let whole = 0
  for (const layer of image.layers.filter(({ descriptor }) => descriptor.annotations !== undefined)) {
    const one = counted(layer)
    expect(await factsOf(one.layer, true)).toEqual(await factsOf(layer, false))
    if (layer.descriptor.size < 2_000_000) continue
    read += one.read()
    whole += layer.descriptor.size
  }
  expect(whole).toBeGreaterThan(5_000_000)
  expect(read).toBeLessThan(whole / 5)
})

test("a table by its own library, with pieces and shared members, is read as well; one that lies is refused", async () => {
  const { image } = imageOf("gzip")
  const large = image.layers.toSorted((a, b) => b.descriptor.size - a.descriptor.size)[0] as Layer
  const folder = await host.files.makeTemporary("nbstacks-stargz-")
  try {
    const [plain, packed] = [join(folder, "layer.tar"), join(folder, "layer.gz")]
    await host.files.write(plain, layerArchive(large))
    const toc = await makeStargz(host, plain, packed)
    const bytes = Buffer.from(await host.files.read(packed))
    const { from } = large
    if (!("store" in from)) throw new Error("the layer is in no store")
    const put = async (blob: Buffer, tocDigest: string): Promise<Layer> => {
      const annotations = { "containerd.io/snapshot/stargz/toc.digest": tocDigest }
      const descriptor = { ...large.descriptor, digest: digestOf(blob), size: blob.length, annotations }
      await from.store.writeBlob(from.repository, descriptor, async function* () {
        yield blob
      })
      return { ...large, descriptor }
    }
    const theirs = counted(await put(bytes, toc))
    const facts = await factsOf(theirs.layer, true)
    expect(facts).toEqual(await factsOf(theirs.layer, false))
    expect(facts?.members.length).toBeGreaterThan(0)
    await expect(factsOf(await put(bytes, digestOf("another")), true)).rejects.toThrow(
      "it is another than the image's manifest names",
    )
    const flipped = Buffer.from(bytes)
    for (let at = 0; at < flipped.length - 200_000; at += 997) flipped[at] = (flipped[at] ?? 0) ^ 1
    await expect(factsOf(await put(flipped, toc), true)).rejects.toThrow("Cannot use the table of contents")
  } finally {
    await host.files.remove(folder)
  }
})

const program = "import numpy; print(numpy.linspace(0, 1, 3).tolist())"

// What these make of gzip is in consumers.test.ts.
const others = ["zstd", "estargz", "single-member"] as const

test.each(others)("Buildah reads %s", async (compression) => {
  const image = `docker://${imageOf(compression).reference}`
  const storage = join(compressed.folder, `b-${compression}`)
  expect(await runByBuildah(host, { image, storage }, "python", "-c", program)).toBe("[0.0, 0.5, 1.0]\n")
})

test("umoci unpacks the same files from estargz and single-member, and refuses zstd", async () => {
  const rootOf = (compression: Compression): string => join(compressed.folder, `u-${compression}`, "rootfs")
  const unpack = async (compression: Compression): Promise<string> => {
    const bundle = join(compressed.folder, `u-${compression}`)
    return must(host, "umoci", "unpack", "--image", await compressed.layoutOf(compression), bundle)
  }
  const [estargz, single] = [rootOf("estargz"), rootOf("single-member")]
  for (const compression of ["estargz", "single-member"] as const) await unpack(compression)
  expect(await must(host, "find", join(single, "opt/env"), "-path", "*/numpy/__init__.py")).not.toBe("")
  const argv = ["diff", "--recursive", "--brief", "--no-dereference", single, estargz] as const
  const { stdout, stderr } = await host.run({ argv, timeout: 300_000 })
  const extra = [".no.prefetch.landmark", "stargz.index.json"].map((name) => `Only in ${estargz}: ${name}\n`)
  expect([stdout, stderr]).toEqual([extra.join(""), ""])
  await expect(unpack("zstd")).rejects.toThrow("not correct mediatype: application/vnd.oci.image.layer.v1.tar+zstd")
})

test.each(others)("GNU tar reads %s as we do", async (compression) => {
  const file = join(compressed.folder, "blob")
  const gzip = new Set(imageOf("gzip").image.layers.map(({ descriptor }) => descriptor.digest))
  const layers = imageOf(compression).image.layers.filter(({ descriptor }) => !gzip.has(descriptor.digest))
  expect(layers).not.toHaveLength(0)
  const inflate = compression === "zstd" ? "zstd" : "gzip"
  for (const layer of layers) {
    const { theirs, ours } = await readByGnu(host, layer, { file, inflate })
    expect(theirs).toEqual(ours)
    if (inflate === "zstd") await expect(must(host, "gzip", "--test", file)).rejects.toThrow("not in gzip format")
  }
})

test.each(compressions)(
  "BuildKit builds on %s, runs its Python, and keeps our layers as they are",
  async (compression) => {
    const { image, reference } = imageOf(compression)
    const { address } = compressed.registry
    const folder = join(compressed.folder, `child-${compression}`)
    const run = "RUN python -c 'import numpy; print(numpy.arange(4).sum())' > /tmp/sum"
    await host.files.write(join(folder, "Dockerfile"), `FROM ${reference}\n${run}\n`)
    const output = `type=image,name=${address}/child:${compression},push=true,oci-mediatypes=true`
    const context = ["--local", `context=${folder}`, "--local", `dockerfile=${folder}`]
    // It finds layers by their diffIDs: one that had read another compression would read nothing here.
    await using buildkit = await startBuildkit(host)
    await buildkit.buildctl("build", "--frontend", "dockerfile.v0", ...context, "--output", output)
    const child = await readImage(openRegistry(address, host, {}), "child", compression)
    const below = child.layers.slice(0, -1).map(({ descriptor, diffId }) => [descriptor.digest, diffId])
    expect(below).toEqual(image.layers.map(({ descriptor, diffId }) => [descriptor.digest, diffId]))
    expect(child.platform).toBe(image.platform)
  },
)

test("every layer of a single-member image, its base's and its files' too, is whole for who stops after one gzip member", async () => {
  const { image } = imageOf("single-member")
  let size = 0
  for (const { descriptor, diffId, from } of image.layers) {
    const { store, repository } = from as Extract<typeof from, { repository: string }>
    const { content, left } = firstMember(
      Buffer.concat(await Array.fromAsync(store.read(repository, descriptor.digest))),
    )
    expect([digestOf(content), left]).toEqual([diffId, 0])
    size += content.length
  }
  // The base is one of many pieces that are compressed at the same time.
  expect(size).toBeGreaterThan(50_000_000)
  const made = image.layers.map(({ history }) => history.created_by)
  expect(made).toContain("nbstacks: environment")
  expect(made).toContain("nbstacks: /srv/note.txt")
})

test("an old Docker is not given zstd as a parent: what to do is said before it fails", async () => {
  const { code, stderr } = await compressed.sandbox.nbstacks("build", "child")
  expect(stderr).toContain("compression: zstd")
  expect(stderr).toContain("Docker before 23")
  expect(code).toBe(1)
})

test("who cannot read an image of another registry is not given one that is built on it", async () => {
  const { reference } = imageOf("zstd")
  const { registry } = compressed
  await openRegistry(registry.address, host, {}).tag("zstd", "parent", reference.split("@")[1] as Digest)
  await using other = await openSandbox(host)
  const external = `${registry.address}/zstd:parent`
  const write = (consumers: string): Promise<void> =>
    other.write({
      "nbstacks.yaml": `version: 1\ndefaults: {checks: {profile: none}}\nimages:\n  base: {from: "${external}", env: {A: b}}\n  top: {from: base, env: {C: d}, consumers: ${consumers}}\n`,
    })
  await write("[docker-20.10, bootc, apple-container]")
  expect((await other.nbstacks("lock")).code).toBe(0)
  const { code, stderr } = await other.nbstacks("build")
  expect([code, stderr]).toEqual([1, expect.stringContaining("nothing was built")])
  expect(stderr).toContain(
    `docker-20.10 cannot read \`top\` for ${platformOfHost(host)}: ${external} has layers of zstd`,
  )
  expect(stderr).toContain("apple-container cannot read `top`")
  expect(stderr).not.toContain("bootc cannot")
  expect(stderr).toContain(`Build on another image than ${external}`)
  // One frame of zstd is read by some, and another tool may have made no more.
  await write("[bootc]")
  expect(await other.nbstacks("build")).toMatchObject({ code: 0 })
})

test("eStargz is read by stargz-snapshotter's own library, file by file", async () => {
  const { image } = imageOf("estargz")
  let files = 0
  for (const layer of image.layers) {
    const toc = layer.descriptor.annotations?.["containerd.io/snapshot/stargz/toc.digest"]
    if (toc === undefined) continue
    const blob = join(compressed.folder, "layer")
    await writeBlob(host, layer, blob)
    const theirs = await readStargz(host, blob, toc)
    const ours = new Map<string, string>()
    for await (const { header, content } of layerEntries(layer)) {
      const hash = createHash("sha256")
      for await (const piece of content) hash.update(piece)
      if (header.kind === "file" && header.size > 0 && header.path !== "stargz.index.json")
        ours.set(header.path, hash.digest("hex"))
    }
    // The landmark is for the snapshotter itself.
    ours.delete(".no.prefetch.landmark")
    expect([...theirs].filter(([path]) => path !== ".no.prefetch.landmark").sort()).toEqual([...ours].sort())
    files += ours.size
  }
  expect(files).toBeGreaterThan(500)
})
