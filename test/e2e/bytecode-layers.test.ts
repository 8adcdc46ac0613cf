import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { constantTime } from "../../src/oci/tar/header.ts"
import type { Step } from "../../src/tree/step.ts"
import { benchWith, requirement } from "../support/bench-wheels.ts"
import { machinePython } from "../support/bytecode.ts"
import { debianImage, placedFiles, pypiStep, type NativeBench, type PlacedFile } from "../support/native.ts"
import { wheelOf } from "../support/wheels.ts"

const host = makeHost(process.env)
const python = await machinePython(host)
const site = `opt/env/lib/python${python.minor}/site-packages`
const tag = `cpython-${python.minor.replace(".", "")}`

const one = wheelOf({
  name: "one",
  version: "1.0",
  members: [
    { path: "one/__init__.py", content: "value = 1\n" },
    { path: "one/broken.py", content: "this is no Python\n" },
    { path: "one/template.txt", content: "text\n" },
    { path: "shared/both.py", content: "which = 'one'\n" },
    { path: `one/__pycache__/__init__.${tag}.pyc`, content: "stale" },
    { path: "one-1.0.data/scripts/tool", content: "#!python\nprint(1)\n" },
  ],
})
const two = wheelOf({
  name: "two",
  version: "1.0",
  members: [
    { path: "two/__init__.py", content: `text = ${JSON.stringify("x".repeat(5_000))}\n` },
    { path: "shared/both.py", content: "which = 'two'\n" },
  ],
})
const plain = wheelOf({ name: "plain", version: "1.0", members: [{ path: "plain/data.txt", content: "no code\n" }] })
const wheels = [one, two, plain]

function step(bytecode: "all" | "none", layers: number): Step {
  const requirements = [requirement("one", [one]), requirement("plain", [plain]), requirement("two", [two])]
  return { ...(pypiStep(requirements, layers) as Extract<Step, { kind: "pypi" }>), bytecode }
}

async function built(bench: NativeBench, what: Step): Promise<{ digest: string; layers: string[]; from: number }> {
  const parent = await bench.parent(debianImage(python.full))
  const image = await bench.execute(what, parent)
  const { length } = parent.layers
  return { digest: bench.digestOf(image), layers: image.layers.map(({ diffId }) => diffId), from: length }
}

function compiledOf(files: ReadonlyMap<string, PlacedFile>): string[] {
  return [...files.keys()].filter((path) => path.endsWith(".pyc")).sort()
}

test("each Python file has its bytecode, in layers of its own, valid for the times that we write", async () => {
  await using bench = await benchWith(wheels)
  const parent = await bench.parent(debianImage(python.full))
  const image = await bench.execute(step("all", 9), parent)
  const files = await placedFiles(image, parent.layers.length)
  expect(compiledOf(files)).toEqual([
    `${site}/one/__pycache__/__init__.${tag}.pyc`,
    `${site}/shared/__pycache__/both.${tag}.pyc`,
    `${site}/two/__pycache__/__init__.${tag}.pyc`,
  ])
  for (const path of compiledOf(files)) {
    const bytes = files.get(path)?.content ?? Buffer.alloc(0)
    const source = files.get(path.replace("__pycache__/", "").replace(`.${tag}.pyc`, ".py"))
    expect(source?.mtime).toBe(constantTime)
    expect([bytes.readUInt32LE(4), bytes.readUInt32LE(8), bytes.readUInt32LE(12)]).toEqual([
      0,
      constantTime,
      source?.content.length,
    ])
  }
  // The later name brings the file that both have, and its bytecode.
  expect(files.get(`${site}/shared/both.py`)?.content.toString()).toContain("two")
  expect(files.get(`${site}/shared/__pycache__/both.${tag}.pyc`)?.content.includes("two")).toBe(true)
  const histories = image.layers.slice(parent.layers.length).map(({ history }) => history.created_by)
  expect(histories.filter((text) => text?.includes("(bytecode)"))).toEqual([
    "nbstacks: one 1.0 (bytecode), two 1.0 (bytecode)",
  ])
})

test("layers of packages are those of an image without bytecode that has as many layers for them", async () => {
  const own = wheels.slice(1)
  await using bench = await benchWith(own)
  const steps = (bytecode: "all" | "none", layers: number): Step => ({
    ...(step(bytecode, layers) as Extract<Step, { kind: "pypi" }>),
    requirements: [requirement("plain", [plain]), requirement("two", [two])],
  })
  // One layer is the environment's own; of the other eight a quarter is for bytecode.
  const all = await built(bench, steps("all", 9))
  const none = await built(bench, steps("none", 7))
  expect(all.layers.slice(0, none.layers.length)).toEqual(none.layers)
  expect(all.layers.length).toBe(none.layers.length + 1)
})

test("the same bytes in other folders, with other thread counts, cold and warm, and after damage", async () => {
  const digests = new Set<string>()
  for (const workers of [1, 3]) {
    await using bench = await benchWith(wheels, { workers })
    const { files } = bench.host
    digests.add((await built(bench, step("all", 9))).digest)
    const segments = join(bench.folder, "cache", "segments")
    for (const end of [".pyc", ".recipe", ".segment"]) {
      for (const { name } of (await files.list(segments)) ?? []) {
        if (!name.endsWith(end)) continue
        const bytes = Buffer.from(await files.read(join(segments, name)))
        if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
        await files.write(join(segments, name), bytes)
      }
      for (const folder of ["store", "cache/layers"]) await files.remove(join(bench.folder, folder))
      digests.add((await built(bench, step("all", 9))).digest)
    }
  }
  expect(digests.size).toBe(1)
})
