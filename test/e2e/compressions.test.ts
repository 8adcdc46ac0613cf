import { createHash } from "node:crypto"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { copyManifest } from "../../src/oci/copy.ts"
import { readImage, type Image } from "../../src/oci/image.ts"
import { layerEntries } from "../../src/oci/layer/open.ts"
import { openLayout } from "../../src/oci/store/layout/layout.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { findCrane } from "../support/crane.ts"
import { debianBase } from "../support/debian.ts"
import { startDocker, type TestDocker } from "../support/docker.ts"
import { exampleRequirement } from "../support/examples.ts"
import { startRegistry, type RunningRegistry } from "../support/registry.ts"
import { openSandbox, type Sandbox } from "../support/sandbox.ts"
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
        (compression) => `  ${compression}: {from: "${from}", environment: environment, compression: ${compression}}\n`,
      )
      .join("")}  child: {from: zstd, dockerfile: Dockerfile}\n`,
    "environment/requirements.txt": await exampleRequirement(host, "quickstart/images/science", "numpy"),
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

test("an old Docker is not given zstd as a parent: what to do is said before it fails", async () => {
  const { code, stderr } = await sandbox.nbstacks("build", "child")
  expect(stderr).toContain("compression: zstd")
  expect(stderr).toContain("Docker before 23")
  expect(code).toBe(1)
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
