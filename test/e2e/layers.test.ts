import { randomBytes } from "node:crypto"
import { expect, test } from "vitest"
import type { ServerResponse } from "../../src/host/http.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { writeImage } from "../../src/oci/write-image.ts"
import { debianImage } from "../support/native.ts"
import { startRegistry } from "../support/registry.ts"
import { openSandbox, prepared, program, type Sandbox } from "../support/sandbox.ts"
import { wheelOf, type TestWheel } from "../support/wheels.ts"

const host = makeHost(process.env)

/** A wheel whose bytes do not get fewer. */
function wheel(name: string, version: string, size: number): TestWheel {
  return wheelOf({ name, version, members: [{ path: `${name}/data.bin`, content: randomBytes(size), method: 0 }] })
}

const wheels = {
  "alpha 1.0": wheel("alpha", "1.0", 900_000),
  "alpha 1.1": wheel("alpha", "1.1", 910_000),
  "alpha 1.2": wheel("alpha", "1.2", 920_000),
  "beta 1.0": wheel("beta", "1.0", 700_000),
  "tiny 1.0": wheel("tiny", "1.0", 20_000),
  "tiny 1.1": wheel("tiny", "1.1", 21_000),
  "extra 1.0": wheel("extra", "1.0", 30_000),
} as const
type Pin = keyof typeof wheels

/** A lock, as `uv pip compile --generate-hashes` writes it. */
function lock(...pins: readonly Pin[]): string {
  return pins.map((pin) => `${pin.replace(" ", "==")} --hash=sha256:${wheels[pin].sha256}\n`).join("")
}

/** An index on loopback. Of `beta` it says no sizes; others come in JSON with them (PEP 700). */
async function startIndex() {
  const seen: string[] = []
  const server = await host.serve(
    async ({ method, target }): Promise<ServerResponse> => {
      seen.push(`${method} ${target}`)
      const project = /^\/simple\/([a-z]+)\/$/.exec(target)?.[1]
      const files = Object.entries(wheels).filter(([pin]) => pin.startsWith(`${project} `))
      if (project === "beta")
        return {
          status: 200,
          headers: { "content-type": "text/html" },
          body: files
            .map(([, { filename, sha256 }]) => `<a href="/files/${filename}#sha256=${sha256}">${filename}</a>`)
            .join(""),
        }
      if (project !== undefined)
        return {
          status: 200,
          headers: { "content-type": "application/vnd.pypi.simple.v1+json" },
          body: JSON.stringify({
            meta: { "api-version": "1.1" },
            name: project,
            files: files.map(([, { filename, sha256, bytes }]) => ({
              filename,
              url: `/files/${filename}`,
              hashes: { sha256 },
              size: bytes.length,
            })),
          }),
        }
      const found = Object.values(wheels).find(({ filename }) => target === `/files/${filename}`)
      if (found === undefined) return { status: 404 }
      const headers = { "content-length": String(found.bytes.length) }
      return method === "HEAD" ? { status: 200, headers } : { status: 200, headers, body: found.bytes }
    },
    { port: 0 },
  )
  return {
    server,
    seen,
    env: { PIP_CONFIG_FILE: "/dev/null", PIP_INDEX_URL: `http://127.0.0.1:${server.port}/simple` },
  }
}

/** Three releases of a lab, one commit that only comments, and a course on top. */
async function openTree(registry: string, env: Readonly<Record<string, string>>): Promise<Sandbox> {
  const store = openRegistry(registry, host, {})
  const { digest } = await writeImage(debianImage(), { store, repository: "debian" })
  await store.tag("debian", "1", digest)
  const sandbox = await openSandbox(host, { UV_INDEX_URL: undefined, UV_DEFAULT_INDEX: undefined, ...env })
  return await prepared(sandbox, async () => {
    await sandbox.write({
      "nbstacks.yaml": `version: 1
defaults: {checks: {profile: none}, budget: {layers: 12}}
images:
  lab: {from: "${registry}/debian:1", environment: images/lab}
  course: {from: lab, environment: images/course}
  plain: {from: lab, env: {A: b}}
`,
      "images/course/requirements.txt": lock("beta 1.0", "extra 1.0"),
    })
    await sandbox.git("init", "-q")
    const releases: readonly (readonly [string, string])[] = [
      ["2026-01-01", lock("alpha 1.0", "beta 1.0", "tiny 1.0")],
      ["2026-01-15", lock("alpha 1.1", "beta 1.0", "tiny 1.0")],
      ["2026-01-20", `# a comment\n${lock("alpha 1.1", "beta 1.0", "tiny 1.0")}`],
      ["2026-01-29", lock("alpha 1.2", "beta 1.0", "tiny 1.1")],
    ]
    for (const [date, text] of releases) {
      await sandbox.write({ "images/lab/requirements.txt": text })
      await sandbox.git("add", ".")
      await sandbox.git("-c", "user.useConfigOnly=false", "commit", "-qm", date, "--date", `${date}T12:00:00Z`)
    }
    const { code, stderr } = await sandbox.nbstacks("lock")
    if (code !== 0) throw new Error(stderr)
  })
}

const sizeOf = (pin: Pin): number => wheels[pin].bytes.length

test("`layers` shows what is in which layer, whose it is and who shares it; before a build it says so", async () => {
  await using registry = await startRegistry(host)
  const index = await startIndex()
  await using _server = index.server
  await using tree = await openTree(registry.address, index.env)

  const before = await tree.nbstacks("layers", "course")
  expect({ code: before.code, out: before.stdout }).toEqual({ code: 1, out: "" })
  expect(before.stderr).toContain("`course` is not built as its files say")
  expect(before.stderr).toContain("hint: Run `nbstacks build --only course`")

  expect(await tree.nbstacks("build")).toMatchObject({ code: 0 })
  const shown = await tree.nbstacks("layers", "course")
  expect(shown).toMatchObject({ code: 0, stderr: "" })
  expect(shown.stdout.split("\n").filter((line) => line.length > 80)).toEqual([])
  const holds = shown.stdout.split("\n").slice(3)
  expect(shown.stdout).toMatch(
    /^course: 6 layers, [\d.]+ MB, linux\/amd64\nown: 1 layer, [\d.]+ kB; of lab: 5 layers, /,
  )
  expect(holds.find((line) => line.includes("alpha 1.2"))).toMatch(/^ *3 +9\d\d kB {2}parent {2}lab \+1 +alpha 1\.2$/)
  expect(holds.find((line) => line.includes("extra 1.0"))).toMatch(/^ *6 +3\d\.\d kB {2}own +- +extra 1\.0$/)

  const all = (await tree.nbstacks("layers", "lab", "--all")).stdout.split("\n").slice(4)
  expect(all.filter((line) => line.includes("tiny 1.1"))).toHaveLength(1)
  expect(all.find((line) => line.includes("tiny 1.1"))).toMatch(/^ *\d+ +[\d.]+ kB {2}own +course \+1 +tiny 1\.1$/)

  const { code, stdout } = await tree.nbstacks("layers", "lab", "--json")
  expect(code).toBe(0)
  const { layers, ...rest } = JSON.parse(stdout) as {
    layers: { of: string; packages: string[]; title: string | null; sharedBy: string[] }[]
  }
  expect(rest).toMatchObject({
    version: 1,
    image: "lab",
    platform: "linux/amd64",
    parent: `${registry.address}/debian:1`,
  })
  expect(layers.map(({ of, packages, title, sharedBy }) => [of, title, packages, sharedBy])).toEqual([
    ["parent", "a test", [], ["course", "plain"]],
    ["own", "environment", [], ["course", "plain"]],
    ["own", null, ["alpha 1.2"], ["course", "plain"]],
    ["own", null, ["beta 1.0"], ["course", "plain"]],
    ["own", null, ["tiny 1.1"], ["course", "plain"]],
  ])

  // Published, and looked at from a machine that has nothing.
  expect(await tree.nbstacks("publish", "--registry", registry.address, "--allow-dirty")).toMatchObject({ code: 0 })
  const env = { ...tree.env, NBSTACKS_STORE: `${tree.folder}-elsewhere` }
  const argv = [program, "layers", "lab", "--registry", registry.address, "--json"] as const
  const elsewhere = await host.run({ argv, cwd: tree.folder, env })
  expect(JSON.parse(elsewhere.stdout)).toMatchObject({ ...rest, layers })
})

test("`layers --history` replays the lock's git history for each budget, and fetches no wheel", async () => {
  await using registry = await startRegistry(host)
  const index = await startIndex()
  await using _server = index.server
  await using tree = await openTree(registry.address, index.env)
  expect(await tree.nbstacks("layers", "lab", "--history")).toMatchObject({ code: 1, stdout: "" })
  expect(await tree.nbstacks("build", "--only", "lab")).toMatchObject({ code: 0 })
  index.seen.length = 0

  const { code, stdout, stderr } = await tree.nbstacks("layers", "lab", "--history", "--json")
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(stderr).toContain("Reading 4 commits of images/lab …\nSizing 6 wheels of 3 versions …")
  const found = JSON.parse(stdout) as {
    releases: { packages: number; size: number }[]
    budgets: { layers: number; pulled: number; share: number; stored: number }[]
    layers: number
  }
  const sizes = [
    sizeOf("alpha 1.0") + sizeOf("beta 1.0") + sizeOf("tiny 1.0"),
    sizeOf("alpha 1.1") + sizeOf("beta 1.0") + sizeOf("tiny 1.0"),
    sizeOf("alpha 1.2") + sizeOf("beta 1.0") + sizeOf("tiny 1.1"),
  ]
  expect(found.releases.map(({ packages, size }) => ({ packages, size }))).toEqual(
    sizes.map((size) => ({ packages: 3, size })),
  )
  // The two big ones are alone, whatever the budget, and tiny has a bin.
  const pulled = [sizeOf("alpha 1.1"), sizeOf("alpha 1.2") + sizeOf("tiny 1.1")]
  const stored = Object.entries(wheels).reduce(
    (sum, [pin, { bytes }]) => sum + (pin === "extra 1.0" ? 0 : bytes.length),
    0,
  )
  expect(found.layers).toBe(12)
  expect(found.budgets).toEqual(
    [10, 12, 20, 40, 48, 64].map((layers) => ({
      layers,
      pulled: Math.round((pulled[0]! + pulled[1]!) / 2),
      share: Math.round(((pulled[0]! / sizes[1]! + pulled[1]! / sizes[2]!) / 2) * 10_000) / 10_000,
      stored,
    })),
  )
  // Each page once for all versions. What was built is in the cache; the others are not fetched.
  expect(index.seen.filter((one) => one.includes("/files/"))).toEqual([])
  expect(new Set(index.seen).size).toBe(index.seen.length)

  const two = await tree.nbstacks("layers", "lab", "--history", "--releases", "2", "--json")
  expect((JSON.parse(two.stdout) as typeof found).releases).toEqual(found.releases.slice(1))

  const shown = await tree.nbstacks("layers", "lab", "--history", "--offline")
  expect(shown.code).toBe(0)
  expect(shown.stdout.split("\n").filter((line) => line.length > 80)).toEqual([])
  expect(shown.stdout).toMatch(
    /^lab: 3 versions of images\/lab, \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d, linux\/amd64\nThe newest adds 3 packages, 1\.6 MB\.\n/,
  )
  expect(shown.stdout).toMatch(/^ +12 +\d{3} kB +5\d\.\d % +\d\.\d MB +this row$/m)
  expect(shown.stdout).not.toContain("unknown size")
})

test("what cannot be sized is said: offline without a cache, and HEAD where a page has no sizes", async () => {
  await using registry = await startRegistry(host)
  const index = await startIndex()
  await using _server = index.server
  await using tree = await openTree(registry.address, index.env)
  expect(await tree.nbstacks("build", "--only", "lab")).toMatchObject({ code: 0 })

  const offline = await tree.nbstacks("layers", "lab", "--history", "--offline")
  expect(offline).toMatchObject({ code: 0 })
  expect(offline.stdout).toContain("3 wheels of unknown size:\n")
  expect(offline.stdout).toContain("alpha 1.0 (taken as 921 kB): the cache does not know it\n")

  // The course's own `beta` is in the cache of nobody here, and only its server says how large it is.
  await host.files.remove(`${tree.env["NBSTACKS_CACHE"]}/wheels`)
  await host.files.remove(`${tree.env["NBSTACKS_CACHE"]}/projects`)
  index.seen.length = 0
  expect(await tree.nbstacks("layers", "lab", "--history")).toMatchObject({ code: 0 })
  expect(index.seen.filter((one) => one.includes("/files/"))).toEqual([`HEAD /files/${wheels["beta 1.0"].filename}`])

  await tree.git("checkout", "-q", "--orphan", "fresh")
  await tree.git("commit", "-qm", "one")
  const one = await tree.nbstacks("layers", "lab", "--history")
  expect(one.stderr).toContain("The lock of `lab` has 1 version in git")
  expect(one).toMatchObject({ code: 2, stdout: "" })
  expect((await tree.nbstacks("layers", "plain", "--history")).stderr).toContain("has no locked environment of its own")
})

test("inspect says how images of registries are named where there is no tree, and what is wrong with a registry's", async () => {
  await using sandbox = await openSandbox(host)
  const said = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await sandbox.nbstacks(...args)
    return `${code} ${stderr.replaceAll(sandbox.folder, "HERE")}`
  }
  expect(await said("inspect", "lab")).toBe(
    "2 error: `lab` names no registry, and there is no nbstacks.yaml in HERE\n\nhint: Name an image with its registry, such as example.org/lab:1; or use `-C DIR` for the rows of a tree\n",
  )
  expect(await said("inspect", "127.0.0.1:1/lab:1")).toMatch(
    /^3 error: Cannot read 127\.0\.0\.1:1\/lab:1: nothing answers/,
  )
  expect(await said("diff", "127.0.0.1:1/lab:1", "127.0.0.1:1/lab:2", "--platform", "amd64")).toMatch(
    /^2 error: `amd64` is no platform/,
  )
})
