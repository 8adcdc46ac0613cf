import { createHash } from "node:crypto"
import { utimes } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import fc from "fast-check"
import { expect, test } from "vitest"
import { cacheFiles, cacheKinds, type CacheKind } from "../../src/files/cache-usage.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { openLayout } from "../../src/oci/store/layout/layout.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { writeImage } from "../../src/oci/write-image.ts"
import { benchWith, requirement } from "../support/bench-wheels.ts"
import { machinePython } from "../support/bytecode.ts"
import { debianImage, placedFiles, pypiStep, type NativeBench } from "../support/native.ts"
import { startRegistry, type RunningRegistry } from "../support/registry.ts"
import { openSandbox, program, type Sandbox } from "../support/sandbox.ts"
import { wheelOf, type TestWheel } from "../support/wheels.ts"

const host = makeHost(process.env)

function noise(size: number, seed: string): Buffer {
  return createHash("shake256", { outputLength: size }).update(seed).digest()
}

/** Small ones, which share layers, and one with a layer of its own. */
const wheels: readonly TestWheel[] = [
  ...["a", "b", "c", "d", "e", "f"].map((name) =>
    wheelOf({ name, version: "1.0", members: [{ path: `${name}/data.bin`, content: noise(20_000, name) }] }),
  ),
  wheelOf({ name: "large", version: "1.0", members: [{ path: "large/lib.so", content: noise(3_000_000, "large") }] }),
]
const names = ["a", "b", "c", "d", "e", "f", "large"]
const step = pypiStep(
  names.map((name, at) => requirement(name, [wheels[at] as TestWheel])),
  6,
)

async function cached(bench: NativeBench, kind: CacheKind, end = ""): Promise<readonly string[]> {
  const found = await cacheFiles(join(bench.folder, "cache"), [kind], bench.host.files)
  return found.map(({ path }) => path).filter((path) => path.endsWith(end))
}

async function clear(bench: NativeBench, ...folders: readonly string[]): Promise<void> {
  for (const folder of folders) await bench.host.files.remove(join(bench.folder, folder))
}

/** Each kind of file that the cache keeps and believes: its folder, and how its name ends. */
const keptFiles = [
  ["segments", ".segment"],
  ["segments", ".recipe"],
  ["segments", ".json"],
  ["layers", ".json"],
  ["parents", ".json"],
  ["headers", ".json"],
  ["projects", ".json"],
  ["wheels", ".whl"],
] as const

/** Removes what was built, and what stands in front of files of a kind: what is made of damaged ones. */
async function clearBefore(bench: NativeBench, kind: CacheKind): Promise<void> {
  const behind = { layers: [], headers: ["cache/parents"] }[kind as string] ?? ["cache/layers"]
  await clear(bench, "store", ...behind)
}

test("bits that flip in any kept file are noticed, and what they were in is made again", async () => {
  await using bench = await benchWith(wheels)
  const { files } = bench.host
  const digest = bench.digestOf(await bench.execute(step, await bench.parent(debianImage())))
  for (const [folder, end] of keptFiles) {
    const paths = await cached(bench, folder, end)
    expect(paths.length).toBeGreaterThan(0)
    for (const path of paths) {
      const bytes = Buffer.from(await files.read(path))
      const middle = Math.floor(bytes.length / 2)
      // Another letter, so that a text is still one that can be read.
      const letter = bytes.findIndex((byte, at) => at >= middle && byte >= 0x62 && byte <= 0x78)
      const at = letter === -1 ? middle : letter
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      await files.write(path, bytes)
    }
    await clearBefore(bench, folder)
    expect(bench.digestOf(await bench.execute(step, await bench.parent(debianImage())))).toBe(digest)
  }
})

test("files of the cache that change places are noticed, and made again", async () => {
  await using bench = await benchWith(wheels)
  const { files } = bench.host
  const parent = await bench.parent(debianImage())
  const digest = bench.digestOf(await bench.execute(step, parent))
  // Another image, so that there are two of what each image has.
  await bench.execute({ ...step, format: step.format + 100 }, await bench.parent(debianImage("3.12.1")))
  for (const [folder, end] of keptFiles) {
    const paths = await cached(bench, folder, end)
    expect([folder, paths.length > 1]).toEqual([folder, true])
    const all = await Promise.all(paths.map(async (path) => await files.read(path)))
    for (const [at, path] of paths.entries()) await files.write(path, all.at(at - 1) as Uint8Array)
    await clearBefore(bench, folder)
    expect([folder, end, bench.digestOf(await bench.execute(step, await bench.parent(debianImage())))]).toEqual([
      folder,
      end,
      digest,
    ])
  }
})

test("segments that are cut, empty, or gone are made again", async () => {
  await using bench = await benchWith(wheels)
  const { files } = bench.host
  const digest = bench.digestOf(await bench.execute(step, await bench.parent(debianImage())))
  for (const damage of ["cut", "empty", "gone"] as const) {
    for (const path of [...(await cached(bench, "segments")), ...(await cached(bench, "parents"))]) {
      const bytes = await files.read(path)
      if (damage === "gone") await files.remove(path)
      else await files.write(path, damage === "cut" ? bytes.slice(0, -1) : "")
    }
    await clear(bench, "store", "cache/layers")
    expect(bench.digestOf(await bench.execute(step, await bench.parent(debianImage())))).toBe(digest)
  }
})

test("layers of kept segments need no wheel, and give the same bytes", async () => {
  await using bench = await benchWith(wheels)
  const digest = bench.digestOf(await bench.execute(step, await bench.parent(debianImage())))
  const small = (await cached(bench, "wheels")).filter((path) => !path.includes((wheels.at(-1) as TestWheel).sha256))
  // Still there by name, but of no use: nobody may read them.
  for (const path of small) await bench.host.files.write(path, "not a wheel")
  await clear(bench, "store", "cache/layers")
  expect(bench.digestOf(await bench.execute(step, await bench.parent(debianImage())))).toBe(digest)
  for (const path of small) expect(await bench.host.files.readText(path)).toBe("not a wheel")
})

test("what is beyond the limit goes, the oldest first, and what is built is the same", async () => {
  await using bench = await benchWith(wheels, { env: { NBSTACKS_CACHE_LIMIT: "200 kB" } })
  const { files } = bench.host
  const digest = bench.digestOf(await bench.execute(step, await bench.parent(debianImage())))
  const left = await cacheFiles(join(bench.folder, "cache"), cacheKinds, files)
  expect(left.length).toBeGreaterThan(0)
  expect(left.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(200_000)
  await clear(bench, "store", "cache/layers")
  expect(bench.digestOf(await bench.execute(step, await bench.parent(debianImage())))).toBe(digest)
})

/** Both bring one module; which of them is there decides its bytecode too. */
const colliding = ["c-first", "z-last"].map((name) =>
  wheelOf({
    name,
    version: "1.0",
    members: [
      { path: "shared/both.py", content: `which = "${name}"\n` },
      { path: `${name.replace("-", "_")}/__init__.py`, content: `name = "${name}"\n` },
    ],
  }),
)

test.each(["none", "all"] as const)(
  "any order of the same packages gives the same image, with bytecode: %s",
  async (bytecode) => {
    const all = [...wheels, ...colliding]
    const python = await machinePython(host)
    const requirements = all.map((wheel) =>
      requirement(wheel.filename.split("-")[0]?.replace("_", "-") ?? "", [wheel], { version: "1.0" }),
    )
    // Each in a folder and with an engine of its own: nothing of another order is there or remembered.
    const build = async (order: typeof requirements): Promise<string> => {
      await using bench = await benchWith(all)
      const parent = await bench.parent(debianImage(python.full))
      const ordered = { ...pypiStep(order, 8), bytecode } as typeof step
      const image = await bench.execute(ordered, parent)
      const files = await placedFiles(image, parent.layers.length)
      const shared = [...files].filter(([path]) => path.endsWith("shared/both.py")).map(([, file]) => file.content)
      expect(shared.map(String)).toEqual(['which = "z-last"\n'])
      const compiled = [...files].filter(([one]) => one.endsWith(".pyc"))
      expect(compiled.length).toBe(bytecode === "all" ? 3 : 0)
      for (const [one, { content: code }] of compiled)
        if (one.includes("/both.")) expect(code.includes("z-last")).toBe(true)
      return bench.digestOf(image)
    }
    const digest = await build(requirements)
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(requirements, { minLength: requirements.length }), async (order) => {
        expect(await build(order)).toBe(digest)
      }),
      { numRuns: 5 },
    )
  },
)

test("a limit that is none is an error", async () => {
  await using bench = await benchWith(wheels, { env: { NBSTACKS_CACHE_LIMIT: "much" } })
  const parent = await bench.parent(debianImage())
  await expect(bench.execute(step, parent)).rejects.toThrow("NBSTACKS_CACHE_LIMIT is no size: `much`")
})

/** A tree of one image with the wheels on the disk; its parent is in a registry. */
async function openTree(registry: RunningRegistry, folder: string): Promise<Sandbox> {
  const store = openRegistry(registry.address, host, {})
  const { digest } = await writeImage(debianImage(), { store, repository: "debian" })
  await store.tag("debian", "1", digest)
  for (const [at, name] of names.entries()) {
    const wheel = wheels[at] as TestWheel
    await host.files.write(join(folder, `${name}-1.0-py3-none-any.whl`), wheel.bytes)
  }
  const sandbox = await openSandbox(host, { PIP_NO_INDEX: "1", PIP_FIND_LINKS: pathToFileURL(folder).href })
  await sandbox.write({
    "nbstacks.yaml": `version: 1\nimages:\n  one: {from: "${registry.address}/debian:1", environment: e, budget: {layers: 6}, checks: {profile: none}}\n`,
    "e/requirements.txt": names
      .map((name, at) => `${name}==1.0 --hash=sha256:${(wheels[at] as TestWheel).sha256}\n`)
      .join(""),
  })
  const { code, stderr } = await sandbox.nbstacks("lock")
  if (code !== 0) throw new Error(stderr)
  return sandbox
}

async function digestOf(sandbox: Sandbox): Promise<string> {
  const { code, stdout, stderr } = await sandbox.nbstacks("build", "--json")
  if (code !== 0) throw new Error(stderr)
  return (JSON.parse(stdout) as { images: { digest: string }[] }).images[0]?.digest ?? ""
}

test("what a build used is not old, whether it was read or stood for something that was", async () => {
  await using registry = await startRegistry(host)
  const folder = await host.files.makeTemporary("nbstacks-wheels-")
  await using _ = { [Symbol.asyncDispose]: () => host.files.remove(folder) }
  await using sandbox = await openTree(registry, folder)
  const cache = sandbox.env["NBSTACKS_CACHE"] as string
  const kinds = cacheKinds.filter((kind) => kind !== "code")
  expect(await sandbox.nbstacks("build")).toMatchObject({ code: 0 })
  for (const gone of [[], ["layers"], ["layers", "parents"]]) {
    await host.files.remove(sandbox.env["NBSTACKS_STORE"] as string)
    for (const one of gone) await host.files.remove(join(cache, one))
    const long = new Date(host.now().getTime() - 60 * 24 * 3_600_000)
    const files = await cacheFiles(cache, kinds, host.files)
    expect(files.length).toBeGreaterThan(20)
    for (const { path } of files) await utimes(path, long, long)
    expect(await sandbox.nbstacks("build")).toMatchObject({ code: 0 })
    const old = (await cacheFiles(cache, kinds, host.files)).filter(({ used }) => used < long.getTime() + 1_000_000)
    // The headers of a layer are read only where nobody knows what the parent has.
    expect(old.filter(({ kind }) => kind !== "headers" || gone.includes("parents"))).toEqual([])
    const { code, stderr } = await sandbox.nbstacks("cache", "clear", "--older-than", "30", "--dry-run")
    expect([code, /Nothing to remove|Would remove \d files? /.exec(stderr)?.[0]]).toEqual([0, expect.any(String)])
  }
})

test("a build during which the cache is cleared ends well or says to run it again, and the next is right", async () => {
  await using registry = await startRegistry(host)
  const folder = await host.files.makeTemporary("nbstacks-wheels-")
  await using _ = { [Symbol.asyncDispose]: () => host.files.remove(folder) }
  await using sandbox = await openTree(registry, folder)
  const [cache = "", store = ""] = [sandbox.env["NBSTACKS_CACHE"], sandbox.env["NBSTACKS_STORE"]]
  const digest = await digestOf(sandbox)
  const kinds = cacheKinds.filter((kind) => kind !== "code")
  const clearAll = async (): Promise<void> => {
    for (const { path } of await cacheFiles(cache, kinds, host.files)) await host.files.remove(path)
  }
  /** Clears once there is something of a kind. */
  const onceThereAre = (kind: string) => async (hasEnded: () => boolean) => {
    while (!hasEnded() && ((await host.files.list(join(cache, kind))) ?? []).length === 0) await host.sleep(1)
    await clearAll()
  }
  const ways: Readonly<Record<string, (hasEnded: () => boolean) => Promise<void>>> = {
    command: async (hasEnded) => {
      while (!hasEnded()) expect((await sandbox.nbstacks("cache", "clear", "--yes")).code).toBe(0)
    },
    ...Object.fromEntries(
      ["wheels", "projects", "parents", "segments", "layers"].map((one) => [one, onceThereAre(one)]),
    ),
    "all the time": async (hasEnded) => {
      while (!hasEnded()) {
        await clearAll()
        await host.sleep(1)
      }
    },
  }
  for (const [way, meanwhile] of Object.entries(ways)) {
    for (const kind of kinds) await host.files.remove(join(cache, kind))
    await host.files.remove(store)
    const child = await host.start({ argv: [program, "build", "--json"], cwd: sandbox.folder, env: sandbox.env })
    const said = Promise.all([child.stdout, child.stderr].map(async (one) => Buffer.concat(await Array.fromAsync(one))))
    const state = { ended: false }
    void child.ended.then(() => (state.ended = true))
    await meanwhile(() => state.ended)
    const { code } = await child.ended
    const [out = "", err = ""] = (await said).map(String)
    if (code === 0) {
      const { images } = JSON.parse(out) as { images: { digest: string }[] }
      expect([way, images[0]?.digest]).toEqual([way, digest])
    } else {
      expect([way, code, err]).toEqual([way, 3, expect.stringMatching(/ cache[^]*\nhint: Run the command again\n/)])
    }
    expect([way, await digestOf(sandbox)]).toEqual([way, digest])
  }
})

test("a build that is killed while it fills the cache is finished by the next, and leaves nothing", async () => {
  await using registry = await startRegistry(host)
  const folder = await host.files.makeTemporary("nbstacks-wheels-")
  try {
    await using sandbox = await openTree(registry, folder)
    const [cache = "", store = ""] = [sandbox.env["NBSTACKS_CACHE"], sandbox.env["NBSTACKS_STORE"]]
    const digest = await digestOf(sandbox)
    for (const part of ["segments", "layers", "temporary"]) {
      for (const kind of ["segments", "layers", "parents", "wheels", "projects"])
        await host.files.remove(join(cache, kind))
      await host.files.remove(store)
      const child = await host.start({ argv: [program, "build"], cwd: sandbox.folder, env: sandbox.env })
      const drained = Promise.all([Array.fromAsync(child.stdout), Array.fromAsync(child.stderr)])
      const state = { ended: false }
      void child.ended.then(() => (state.ended = true))
      while (!state.ended && ((await host.files.list(join(cache, part))) ?? []).length === 0) await host.sleep(1)
      child.kill("SIGKILL")
      await child.ended
      await drained
      expect(await digestOf(sandbox)).toBe(digest)
      expect(await host.files.list(join(cache, "temporary"))).toEqual([])
      const left = (await host.files.list(join(cache, "segments"))) ?? []
      expect(left.filter(({ name }) => !/\.(?:segment|recipe|json)$/.test(name))).toEqual([])
    }
    // What other processes left that were killed goes too; what they may still be writing stays.
    const leftovers = [
      ".1907da407384f479.part",
      ".1907da407384f479.part.af7e07a6f8b8.tmp",
      ".old.part",
      ".old.part.0.tmp",
    ]
    for (const name of leftovers) await host.files.write(join(cache, "wheels", name), "x")
    const long = new Date(host.now().getTime() - 2 * 3_600_000)
    for (const name of leftovers.slice(2)) await utimes(join(cache, "wheels", name), long, long)
    await host.files.remove(store)
    for (const kind of ["segments", "layers"]) await host.files.remove(join(cache, kind))
    expect(await digestOf(sandbox)).toBe(digest)
    const parts = ((await host.files.list(join(cache, "wheels"))) ?? []).map(({ name }) => name)
    expect(parts.filter((name) => name.startsWith("."))).toEqual(leftovers.slice(0, 2))
  } finally {
    await host.files.remove(folder)
  }
})

test("processes that fill one cache at the same time all have the image", async () => {
  await using registry = await startRegistry(host)
  const folder = await host.files.makeTemporary("nbstacks-wheels-")
  try {
    await using sandbox = await openTree(registry, folder)
    const digests = await Promise.all([digestOf(sandbox), digestOf(sandbox), digestOf(sandbox)])
    expect(new Set(digests).size).toBe(1)
    const store = openLayout(sandbox.env["NBSTACKS_STORE"] ?? "", host)
    expect((await store.verify()).problems).toEqual([])
    const { code, stdout } = await sandbox.nbstacks("cache", "size", "--json")
    expect(code).toBe(0)
    const { kinds } = JSON.parse(stdout) as { kinds: { kind: string; files: number }[] }
    expect(kinds.find(({ kind }) => kind === "wheels")?.files).toBe(wheels.length)
    expect((await sandbox.nbstacks("cache", "clear")).code).toBe(2)
    expect((await sandbox.nbstacks("cache", "clear", "--older-than", "1", "--yes")).stderr).toContain(
      "Nothing to remove",
    )
    expect((await sandbox.nbstacks("cache", "clear", "--dry-run")).stderr).toContain("Would remove")
    expect((await sandbox.nbstacks("cache", "clear", "--yes")).stderr).toContain("Removed")
    expect(JSON.parse((await sandbox.nbstacks("cache", "size", "--json")).stdout)).toMatchObject({ bytes: 0 })
    await host.files.remove(sandbox.env["NBSTACKS_STORE"] ?? "")
    expect(await digestOf(sandbox)).toBe(digests[0])
  } finally {
    await host.files.remove(folder)
  }
})
