import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { readImage, type Image } from "../../src/oci/image.ts"
import { readMerged } from "../../src/oci/merged.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import type { Store } from "../../src/oci/store/store.ts"
import { startDocker, type TestDocker } from "../support/docker.ts"
import {
  built,
  commit,
  digestIn,
  openExample,
  pinned,
  plan,
  publish,
  withRequirement,
  type Planned,
  type Published,
} from "../support/examples.ts"
import { startRegistry, type RunningRegistry } from "../support/registry.ts"
import type { Sandbox } from "../support/sandbox.ts"

const host = makeHost(process.env)
const scipy = ["scipy-ml:2026.3-cpu", "scipy-ml:2026.3-gpu"]
const datascience = ["datascience:2026.2", "datascience:2026.3"]
const classes = ["classes:cogs108", "classes:dsc10"]

let docker: TestDocker
let registry: RunningRegistry
let sandbox: Sandbox
let store: Store
let planned: Planned
let first: Published

beforeAll(async () => {
  docker = await startDocker()
  registry = await startRegistry(host)
  store = openRegistry(registry.address, host, {})
  sandbox = await openExample(host, "datahub", {
    env: { DOCKER_HOST: docker.address },
    replace: { "version: 1\n": `version: 1\nregistry: ${registry.address}\n` },
  })
  planned = await plan(sandbox)
  first = await publish(sandbox)
  if (first.code !== 0) throw new Error(first.stderr)
}, 1_800_000)

afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]()
  await registry?.[Symbol.asyncDispose]()
  await docker?.[Symbol.asyncDispose]()
})

/** Without the fallback tags under which this registry holds evidence. */
async function tagsOf(repository: string): Promise<readonly string[]> {
  return (await Array.fromAsync(store.tags(repository))).filter((tag) => !tag.startsWith("sha256-"))
}

async function imageOf(published: Published, row: string): Promise<Image> {
  const { reference, digest } = published.images.find(({ image }) => image === row) ?? { reference: "", digest: "" }
  const repository = reference.slice(`${registry.address}/`.length).split("@")[0] ?? ""
  return await readImage(store, repository, digest)
}

const layersOf = (image: Image): readonly string[] => image.layers.map(({ descriptor }) => descriptor.digest)

test("the plan of a tree that nobody has built: waves, reasons, and what is skipped", () => {
  expect(planned.waves).toEqual([["base"], datascience, [...classes, ...scipy]])
  expect(planned.builds["base"]).toEqual([{ kind: "new" }])
  expect(planned.builds["classes:dsc10"]).toEqual([
    { kind: "new" },
    { kind: "parent", id: "datascience:2026.3", because: "rebuilt" },
  ])
  expect(planned.reuse).toEqual([])
  expect(planned.skipped).toEqual([{ image: "classes:math999", reason: "not taught in 2026" }])
})

test("all rows are built, checked and in the registry under the tags that people want", async () => {
  expect(first.code).toBe(0)
  const id = first.release ?? ""
  expect(id).toMatch(/^\d{4}\.\d\d\.\d\d-[0-9a-f]{7}$/)
  expect(built(first)).toEqual(["base", ...classes, ...datascience, ...scipy])
  expect(await tagsOf("base")).toEqual([])
  expect(await tagsOf("datascience")).toEqual([`2026.2-${id}`, `2026.3-${id}`])
  // The cpu row is the plain one.
  expect(await tagsOf("scipy-ml")).toEqual([`2026.3-${id}`, `2026.3-gpu-${id}`].toSorted())
  expect(await tagsOf("cogs108")).toEqual([id])
  expect(await tagsOf("dsc10")).toEqual([id])
  expect(await tagsOf("math999")).toEqual([])
  expect(await tagsOf("classes")).toEqual([])
  for (const { image, checks } of first.images) {
    expect(checks.failed).toBe(0)
    expect(checks.passed).toBeGreaterThanOrEqual(image === "base" ? 0 : 8)
  }
  // A tag names what was checked, and the base is there by digest.
  for (const { image, tags, digest, reference } of first.images) {
    const [repository = ""] = reference.slice(`${registry.address}/`.length).split("@")
    expect((await store.headManifest(repository, digest))?.digest).toBe(digest)
    for (const tag of tags) {
      const index = await store.readManifest(repository, tag)
      expect([image, Buffer.from(index?.bytes ?? []).toString()]).toEqual([image, expect.stringContaining(digest)])
    }
  }
})

test("a Dockerfile's child has its parent's blobs, by digest, in the registry", async () => {
  const parent = await imageOf(first, "datascience:2026.3")
  for (const row of scipy) {
    const child = await imageOf(first, row)
    expect(layersOf(child).slice(0, parent.layers.length)).toEqual(layersOf(parent))
    // apt's layer and pip's layer.
    expect(child.layers.length).toBe(parent.layers.length + 2)
    for (const { descriptor } of child.layers) expect(await store.has("scipy-ml", descriptor.digest)).toBe(true)
    expect(new Set(child.layers.map(({ descriptor }) => descriptor.mediaType))).toEqual(
      new Set(["application/vnd.oci.image.layer.v1.tar+gzip"]),
    )
  }
})

test("two rows of a Dockerfile differ in what their arguments change, and in nothing else", async () => {
  const [cpu, gpu] = [await imageOf(first, scipy[0] ?? ""), await imageOf(first, scipy[1] ?? "")]
  // All but the last layer is the same, also what apt installed.
  expect(layersOf(cpu).slice(0, -1)).toEqual(layersOf(gpu).slice(0, -1))
  expect(cpu.config.Env?.filter((one) => !gpu.config.Env?.includes(one))).toEqual(["ACCELERATOR=cpu"])
  expect(gpu.config.Env?.filter((one) => !cpu.config.Env?.includes(one))).toEqual(["ACCELERATOR=gpu"])
  const files = async (image: Image): Promise<ReadonlySet<string>> =>
    new Set([...(await readMerged(image)).entries()].map(({ path }) => path))
  const [left, right] = [await files(cpu), await files(gpu)]
  const only = (a: ReadonlySet<string>, b: ReadonlySet<string>): readonly string[] =>
    [...new Set([...a].filter((path) => !b.has(path)).map(packageOf))].sort()
  expect(only(left, right)).toEqual(["colorama", "colorama-0.4.6.dist-info"])
  expect(only(right, left)).toEqual(["bin/pyfiglet", "pyfiglet", "pyfiglet-1.0.4.dist-info"])
})

/** The package's folder in site-packages, or the path in the environment. */
function packageOf(path: string): string {
  return /site-packages\/([^/]+)/.exec(path)?.[1] ?? path.replace(/^opt\/env\//, "")
}

test("a class's changed requirements rebuild that class; a broken class keeps its image while others are released", async () => {
  const requirements = join(sandbox.folder, "classes/cogs108/requirements.txt")
  const text = await host.files.readText(requirements)
  await host.files.write(requirements, withRequirement(text, "seaborn", await pinned(host, "seaborn", "0.13.1")))
  await commit(sandbox, "Take an older seaborn for cogs108")
  expect((await plan(sandbox)).builds).toEqual({
    "classes:cogs108": [{ kind: "package", name: "seaborn", from: "0.13.2", to: "0.13.1" }],
  })
  const notebook = join(sandbox.folder, "classes/dsc10/intro.ipynb")
  await host.files.write(notebook, (await host.files.readText(notebook)).replace("== 2", "== 3"))
  await commit(sandbox, "Break the notebook of dsc10")

  const second = await publish(sandbox)
  expect(second.code).toBe(1)
  expect(second.release).not.toBe(first.release)
  expect(built(second)).toEqual(["classes:cogs108"])
  expect(second.stderr).toContain("`classes:dsc10` failed")
  expect(second.stderr).toContain("AssertionError")
  expect(second.stderr).toContain(`classes:dsc10 keeps its image of ${first.release}`)
  for (const row of ["base", "classes:dsc10", ...datascience, ...scipy])
    expect([row, digestIn(second, row)]).toEqual([row, digestIn(first, row)])
  expect(digestIn(second, "classes:cogs108")).not.toBe(digestIn(first, "classes:cogs108"))
  expect(await tagsOf("cogs108")).toEqual([first.release, second.release].toSorted())
  // Whatever tag users of the broken class have, it names the image that passed.
  for (const tag of await tagsOf("dsc10"))
    expect(Buffer.from((await store.readManifest("dsc10", tag))?.bytes ?? []).toString()).toContain(
      digestIn(first, "classes:dsc10"),
    )
})
