import { createHash } from "node:crypto"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { copyManifest } from "../../src/oci/copy.ts"
import { digestOf, type Digest } from "../../src/oci/digest.ts"
import { readImage, type Image } from "../../src/oci/image.ts"
import { layerEntries } from "../../src/oci/layer/open.ts"
import { openLayout } from "../../src/oci/store/layout/layout.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { findCrane } from "../support/crane.ts"
import { debianBase, platformOfHost } from "../support/debian.ts"
import { startDocker, type TestDocker } from "../support/docker.ts"
import { exampleRequirement } from "../support/examples.ts"
import { startRegistry, type RunningRegistry } from "../support/registry.ts"
import { openSandbox, type Sandbox } from "../support/sandbox.ts"
import { firstMember } from "../support/first-member.ts"
import { readStargz } from "../support/stargz.ts"

const host = makeHost(process.env)
const crane = await findCrane(host)
const compressions = ["gzip", "zstd", "estargz", "single-member"] as const
type Compression = (typeof compressions)[number]

let docker: TestDocker
let registry: RunningRegistry
let sandbox: Sandbox
let folder: string
const built = new Map<Compression, { readonly image: Image; readonly reference: string }>()

beforeAll(async () => {
  docker = await startDocker()
  registry = await startRegistry(host)
  folder = await host.files.makeTemporary("nbstacks-forms-")
  const made = await debianBase(host, openLayout(join(folder, "store"), host))
  const store = openRegistry(registry.address, host, {})
  await copyManifest(made, { store, repository: "debian" })
  await store.tag("debian", "1", made.digest)
  sandbox = await openSandbox(host, { DOCKER_HOST: docker.address })
  const from = `${registry.address}/debian:1`
  await sandbox.write({
    "nbstacks.yaml": `version: 1\ndefaults: {checks: {profile: none}}\nimages:\n${compressions
      .map(
        (compression) =>
          `  ${compression}: {from: "${from}", environment: environment, compression: ${compression}, files: [{from: note.txt, to: /srv/}]}\n`,
      )
      .join("")}  child: {from: zstd, dockerfile: Dockerfile}\n`,
    "environment/requirements.txt": await exampleRequirement(host, "quickstart/images/science", "numpy"),
    // More than one piece of our encoder.
    "note.txt": "a line of a long note\n".repeat(100_000),
    Dockerfile: "FROM zstd\nRUN true\n",
  })
  const lock = await sandbox.nbstacks("lock")
  if (lock.code !== 0) throw new Error(lock.stderr)
  const { code, stdout, stderr } = await sandbox.nbstacks(
    "build",
    "--json",
    "--to",
    registry.address,
    "--except",
    "child",
  )
  if (code !== 0) throw new Error(stderr)
  const { images } = JSON.parse(stdout) as { images: { image: Compression; digest: string; reference: string }[] }
  for (const { image, digest, reference } of images)
    built.set(image, { image: await readImage(store, image, digest), reference })
})

afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]()
  await registry?.[Symbol.asyncDispose]()
  await docker?.[Symbol.asyncDispose]()
  if (folder !== undefined) await host.files.remove(folder)
})

function imageOf(compression: Compression): { readonly image: Image; readonly reference: string } {
  const found = built.get(compression)
  if (found === undefined) throw new Error(`${compression} was not built`)
  return found
}

async function must(...argv: readonly [string, ...string[]]): Promise<string> {
  const { code, stdout, stderr } = await host.run({ argv, timeout: 300_000 })
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}: ${stderr}`)
  return stdout
}

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
  await must(
    "skopeo",
    "copy",
    "--quiet",
    "--src-tls-verify=false",
    `docker://${reference}`,
    `oci:${folder}/layouts:${compression}`,
  )
  // Its validation takes every layer that is not plain for gzip.
  if (compression !== "zstd") await must(crane, "validate", "--remote", reference)
  const root = join(folder, compression)
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
    await must(...all, "pull", "--quiet", "--tls-verify=false", reference)
    const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--network", "none"]
    const script = "import numpy; print(numpy.linspace(0, 1, 3).tolist())"
    expect(await must(...all, "run", "--rm", ...limits, reference, "python", "-c", script)).toBe("[0.0, 0.5, 1.0]\n")
  } finally {
    await must(...all, "rmi", "--all", "--force")
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
  const { code, stderr } = await sandbox.nbstacks("build", "child")
  expect(stderr).toContain("compression: zstd")
  expect(stderr).toContain("Docker before 23")
  expect(code).toBe(1)
})

test("who cannot read an image of another registry is not given one that is built on it", async () => {
  const { reference } = imageOf("zstd")
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
    const blob = join(folder, "layer")
    await host.files.remove(blob)
    const { store, repository } = layer.from as Extract<Image["layers"][number]["from"], { repository: string }>
    await host.files.write(blob, store.read(repository, layer.descriptor.digest))
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
