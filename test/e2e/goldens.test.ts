import { createHash } from "node:crypto"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { canonicalJson } from "../../src/oci/canonical-json.ts"
import type { Image } from "../../src/oci/image.ts"
import { layerArchive } from "../../src/oci/layer/open.ts"
import { mediaTypes } from "../../src/oci/media-types.ts"
import { bytecodeFormat } from "../../src/packages/bytecode/compile-wheel.ts"
import { hostInterpreter } from "../../src/packages/bytecode/interpreter.ts"
import { planLayers } from "../../src/packages/planner/plan-layers.ts"
import { segmentFormat } from "../../src/packages/segment/segment-cache.ts"
import { filesFormat } from "../../src/resolve/row-files.ts"
import { configFormat, pypiFormat } from "../../src/resolve/row-steps.ts"
import type { PypiStep, Step } from "../../src/tree/step.ts"
import { benchWith, requirement } from "../support/bench-wheels.ts"
import { compiled, machinePython, writtenWheel } from "../support/bytecode.ts"
import { lostGoldens, wrongGoldens } from "../support/goldens.ts"
import { layerOfPack } from "../support/join.ts"
import { layerOfBytes } from "../support/layers.ts"
import { debianImage, pypiStep, type NativeBench } from "../support/native.ts"
import { wheelOf, type WheelMember } from "../support/wheels.ts"

const host = makeHost(process.env)

/** `print('hello')` two thousand times, deflated once and for all: what Node's library makes of it may change. */
const hello = Buffer.from(
  "edc7410a00101000c0bb8fe0618ada90fc3f7f709eb9cd3e63de927b8b58b9a6adaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaafadb07",
  "hex",
)

function noise(size: number, seed: string): Buffer {
  return createHash("shake256", { outputLength: size }).update(seed).digest()
}

function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`
}

/** Nothing in these wheels was compressed by this machine. */
const members: readonly WheelMember[] = [
  { path: "demo/__init__.py", content: "x = 1\n" },
  { path: "demo/empty.py", content: "" },
  { path: "demo/large.so", content: Buffer.concat([noise(600_000, "l"), Buffer.alloc(600_000)]), mode: 0o100755 },
  { path: "demo/text.py", content: "print('hello')\n".repeat(2_000), packed: hello, method: 8 },
  { path: "shared/both.py", content: "which = 'demo'\n" },
  { path: "demo-1.0.data/scripts/tool", content: "#!python\nprint(1)\n", mode: 0o100755 },
  { path: "demo-1.0.data/data/share/demo/ä.txt", content: "text\n" },
]
const entryPoints = "[console_scripts]\ndemo = demo:main\n"
const demo = wheelOf({ name: "demo", version: "1.0", members, entryPoints, method: 0 })
const newer = wheelOf({ name: "demo", version: "2.0", members: members.slice(0, 2), method: 0 })
const friend = wheelOf({
  name: "friend",
  version: "1.0",
  members: [
    { path: "friend/__init__.py", content: "y = 1\n" },
    { path: "shared/both.py", content: "which = 'friend'\n" },
  ],
  method: 0,
})
const both = [requirement("demo", [demo]), requirement("friend", [friend])]

/** A Debian whose layer is not compressed. */
async function plainParent(bench: NativeBench): Promise<Image> {
  const image = debianImage()
  const [layer] = image.layers
  if (layer === undefined) throw new Error("no layer")
  const archive = Buffer.concat(await Array.fromAsync(layerArchive(layer)))
  return bench.parent({ ...image, layers: [layerOfBytes(archive, { archive, mediaType: mediaTypes.ociLayer })] })
}

function step(more: Partial<PypiStep> = {}): Step {
  return { ...(pypiStep(both, 5) as PypiStep), ...more }
}

/** Digests of what an image has more than its parent, packed and unpacked, by the layers' names. */
function layersOf(image: Image, parent: Image): Readonly<Record<string, string>> {
  return Object.fromEntries(
    image.layers.slice(parent.layers.length).flatMap(({ descriptor, diffId, history }) => {
      const name = (history.created_by ?? "").replace("nbstacks: ", "")
      return [
        [name, descriptor.digest],
        [`${name}, unpacked`, diffId],
      ]
    }),
  )
}

test("layers of packages have the bytes of their format", async () => {
  // zstd and single-member are made by Node's libraries: their bytes are those of its version, and are not in the table.
  await using bench = await benchWith([demo, friend])
  const parent = await plainParent(bench)
  const digests: Record<string, string> = {}
  for (const compression of ["gzip", "estargz"] as const) {
    const image = await bench.execute(step({ compression }), parent)
    for (const [name, digest] of Object.entries(layersOf(image, parent)))
      if (!name.startsWith("environment")) digests[`${compression}: ${name}`] = digest
    const pack = layerOfPack([noise(700, "a"), Buffer.alloc(40_000, "code"), noise(40_000, "b")], compression)
    digests[`${compression}: a pack of bytecode`] = sha256(pack)
  }
  expect(Object.keys(digests)).toHaveLength(10)
  expect(wrongGoldens("segment", { format: segmentFormat, digests })).toEqual([])
})

test("bytecode has the bytes of its format and of the Python that wrote it", async () => {
  const python = await machinePython(host)
  const interpreter = await hostInterpreter(host, python.full, {
    signal: AbortSignal.timeout(60_000),
    say: () => undefined,
  })
  if (interpreter === undefined) throw new Error("no Python of its own version")
  const folder = await host.files.makeTemporary("nbstacks-goldens-")
  try {
    const wheel = await writtenWheel(host, folder, [
      { path: "demo/__init__.py", content: "def f(x: int) -> list[int]:\n    return [y * x for y in range(9)]\n" },
      { path: "demo/more.py", content: '"""Text."""\nclass A:\n    b = (1, 2)\n' },
    ])
    const pack = await compiled(wheel, { host, interpreter, folder, python: python.minor })
    const build = sha256(interpreter.build).slice("sha256:".length, "sha256:".length + 12)
    const digests = { [`CPython ${python.full}, build ${build}`]: sha256(await host.files.read(pack.file)) }
    // Each build of Python has a digest of its own, where somebody added it.
    expect(wrongGoldens("bytecode", { format: bytecodeFormat, digests, optional: true })).toEqual([])
  } finally {
    await host.files.remove(folder)
  }
})

test("an image of packages has the bytes of its step's format: environment, plan, replaced files, manifest", async () => {
  await using bench = await benchWith([demo, newer, friend])
  const parent = await plainParent(bench)
  const first = await bench.execute(step(), parent)
  const estargz = await bench.execute(step({ compression: "estargz" }), parent)
  const requirements = [requirement("demo", [newer], { version: "2.0" })]
  const second = await bench.execute(step({ requirements, replace: true }), first)
  const named = (image: Image, from: Image, start: string): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(layersOf(image, from)).filter(([name]) => name.startsWith(start)))
  const digests = {
    ...named(first, parent, "environment"),
    ...named(second, first, "without demo 1.0"),
    image: bench.digestOf(first),
    "image, estargz": bench.digestOf(estargz),
    "image, a package replaced": bench.digestOf(second),
    plan: sha256(canonicalJson(plans())),
  }
  expect(Object.keys(digests)).toHaveLength(8)
  expect(wrongGoldens("pypi", { format: pypiFormat, digests })).toEqual([])
})

/** The plans of fixed packages, from a kilobyte to hundreds of megabytes, for several budgets. */
function plans() {
  const packages = Array.from({ length: 160 }, (_, at) => ({
    name: `package-${at}`,
    files: ["a", "b", "c", "METADATA"].map((name, part) => ({
      path: `package-${at}/${name}`,
      size: 1_000 * at * at + (at % 20 === 0 ? 20_000_000 : part),
      metadata: name === "METADATA",
    })),
  }))
  const budgets = [
    { layer: 800_000_000, layers: 40 },
    { layer: 800_000_000, layers: 64 },
    { layer: 130_000_000, layers: 90 },
    { layer: 8_000_000_000, layers: 1 },
  ]
  return budgets.map((budget) => planLayers(packages, budget))
}

test("an image of files and settings has the bytes of its steps' formats", async () => {
  await using bench = await benchWith([])
  const parent = await plainParent(bench)
  const content = { text: Buffer.from("hello\n"), script: Buffer.alloc(300_000, "echo\n"), random: noise(90_000, "f") }
  const hash = (bytes: Buffer): string => sha256(bytes).slice("sha256:".length)
  const entries = [
    { path: "/bin/tool", executable: true, sha256: hash(content.script) },
    { path: "/etc/new/deep/text", executable: false, sha256: hash(content.text) },
    { path: "/etc/new/link", executable: false, link: "deep/text" },
    { path: "/srv/empty", executable: false },
    { path: "/srv/ä", executable: false, sha256: hash(content.random) },
  ]
  const withFiles: Step = { kind: "files", format: filesFormat, uid: 1000, gid: 100, entries }
  const files = await bench.execute(withFiles, parent, content)
  const settings: Step = {
    kind: "config",
    format: configFormat,
    env: { A: "2", B: "${A}" },
    labels: { b: "2" },
    user: "1000:100",
    workdir: "/w",
    command: ["lab"],
  }
  const digests = { ...layersOf(files, parent), image: bench.digestOf(files) }
  const image = bench.digestOf(await bench.execute(settings, parent))
  expect([
    ...wrongGoldens("files", { format: filesFormat, digests }),
    ...wrongGoldens("config", { format: configFormat, digests: { image } }),
  ]).toEqual([])
})

test("the table of goldens only grew", async () => {
  expect(await lostGoldens(host)).toEqual([])
})
