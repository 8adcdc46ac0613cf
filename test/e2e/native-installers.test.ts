import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { expect, test } from "vitest"
import { compareTrees } from "../support/compare-trees.ts"
import { differencesPage } from "../support/differences-page.ts"
import { differences } from "../support/installer-differences.ts"
import { installers, type InstallerName } from "../support/installer-rules.ts"
import { machinePython } from "../support/bytecode.ts"
import { treeOfFolder, treeOfLayers } from "../support/installed-tree.ts"
import { debianImage, nativeBench, pypiStep, requirementsOf, type NativeBench } from "../support/native.ts"
import { benchWith } from "../support/bench-wheels.ts"
import { madeShapes, madeWheels } from "../support/made-wheels.ts"
import { installWith, makeVenv } from "../support/other-installers.ts"
import { knowWheels, listNames, listShapes, offerWheels, wheelList, type ListName } from "../support/wheel-lists.ts"
import { countShapes, sumShapes, tooFew } from "../support/wheel-shapes.ts"
import { wheelOf, type TestWheel } from "../support/wheels.ts"

type Compared = {
  readonly covered: ReadonlySet<string>
  readonly unlisted: readonly string[]
  readonly count: number
}

/** Makes a venv and installs `lock.txt` of the bench's folder into it with another installer. `options` say from where. */
async function install(bench: NativeBench, name: InstallerName, options: readonly string[]): Promise<string> {
  const environment = await makeVenv(bench, name)
  const all = ["--require-hashes", "--only-binary", ":all:", ...options]
  const { code, stderr } = await installWith(bench, name, { environment, lock: "lock.txt", options: all })
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${stderr.slice(-4000)}`)
  return environment
}

/** Installs what a lock says with others and with our engine, and lists how the files differ. */
async function compare(
  bench: NativeBench,
  lock: string,
  { by, options = [] }: { readonly by: readonly InstallerName[]; readonly options?: readonly string[] },
): Promise<Compared> {
  const { host, folder } = bench
  await host.files.write(join(folder, "lock.txt"), lock)
  const environments = await Promise.all(by.map((name) => install(bench, name, options)))
  const parent = await bench.parent(debianImage((await machinePython(host)).full))
  const image = await bench.execute(pypiStep(requirementsOf(lock)), parent)
  const ours = await treeOfLayers(image, parent.layers.length, "opt/env")
  const covered = new Set<string>()
  const unlisted: string[] = []
  for (const [index, environment] of environments.entries()) {
    const name = by[index] as InstallerName
    const found = compareTrees(ours, treeOfFolder(environment), { name, environment })
    for (const what of found.covered) covered.add(`${name}: ${what}`)
    unlisted.push(...found.unlisted.map((path) => `${name}: ${path}`))
  }
  return { covered, unlisted, count: ours.size }
}

/** Compares the wheels of a list. Everything comes from this machine once they were downloaded. */
async function compareList(name: ListName): Promise<Compared & { readonly wheels: number }> {
  await using bench = await nativeBench()
  const { host, folder } = bench
  const list = await wheelList(host, name)
  const offered = join(folder, "wheels")
  await offerWheels(host, list.wheels, offered)
  await knowWheels(host, join(folder, "cache"))
  Object.assign(host, { env: { ...host.env, PIP_NO_INDEX: "1", PIP_FIND_LINKS: pathToFileURL(offered).href } })
  const options = ["--no-index", "--find-links", offered]
  return { ...(await compare(bench, list.text, { by: installers, options })), wheels: list.wheels.length }
}

/** Compares wheels that a lock names by their URLs, on a server of this machine. */
async function compareUrls(): Promise<Compared> {
  const wheels = ["one", "two"].map((name) =>
    wheelOf({ name, version: "1.0", entryPoints: `[console_scripts]\n${name} = ${name}:main\n` }),
  )
  await using bench = await nativeBench()
  await using server = await bench.host.serve(
    async ({ target }) => {
      const wheel = wheels.find(({ filename }) => decodeURIComponent(target).endsWith(`/${filename}`))
      return wheel === undefined ? { status: 404 } : { status: 200, body: wheel.bytes }
    },
    { port: 0 },
  )
  const origin = `http://127.0.0.1:${server.port}`
  const [one, two] = wheels as [TestWheel, TestWheel]
  const lock = [
    `one @ ${origin}/a/${one.filename} --hash=sha256:${one.sha256}`,
    `two @ ${origin}/%7Eb/@x/${two.filename.replace("t", "%74")} --hash=sha256:${two.sha256}`,
  ]
  return await compare(bench, `${lock.join("\n")}\n`, { by: installers })
}

test("wheels from URLs are what pip makes of them, and what uv does but for the hash in `direct_url.json`", async () => {
  const { covered, unlisted, count } = await compareUrls()
  expect(unlisted).toEqual([])
  expect(count).toBeGreaterThan(20)
  expect([...covered].filter((what) => what.includes("direct_url"))).toEqual(["uv: `direct_url.json` has the hash"])
})

/** Compares wheels of rare shapes that were made for it. */
async function compareMade(): Promise<Compared & { readonly wheels: number }> {
  await using bench = await benchWith(madeWheels)
  const offered = join(bench.folder, "wheels")
  const files = madeWheels.map(({ filename }) => ({ file: join(offered, filename), filename }))
  expect(tooFew(countShapes(files), madeShapes)).toEqual([])
  const lock = madeWheels.map(({ filename, sha256 }) => {
    const name = filename.split("-")[0]?.replaceAll("_", "-")
    return `${name}==1.0 --hash=sha256:${sha256}\n`
  })
  const options = ["--no-index", "--find-links", offered]
  return { ...(await compare(bench, lock.join(""), { by: installers, options })), wheels: 0 }
}

test("more than 500 wheels become what pip and uv make of them, but for what is listed, and each listed difference is one", async () => {
  // All lists at once: pip works on one core only.
  const lists = await Promise.all([...listNames.map(compareList), compareMade()])
  const found = [...lists, await compareUrls()]
  expect(found.flatMap(({ unlisted }) => unlisted)).toEqual([])
  expect(lists.reduce((sum, { wheels }) => sum + wheels, 0)).toBeGreaterThan(500)
  const covered = new Set(found.flatMap((one) => [...one.covered]))
  const always = differences.flatMap(({ what, from, byChance = [] }) =>
    from.flatMap((name) => (byChance.includes(name) && !covered.has(`${name}: ${what}`) ? [] : [`${name}: ${what}`])),
  )
  expect([...covered].sort()).toEqual(always.sort())
}, 1_500_000)

test("the lists have every shape, as often as is promised", async () => {
  await using bench = await nativeBench()
  const lists = await Promise.all(listNames.map((name) => wheelList(bench.host, name)))
  // Files of several wheels collide within a list only: each list is an environment.
  expect(tooFew(sumShapes(lists.map(({ wheels }) => countShapes(wheels))), listShapes)).toEqual([])
})

test.each([
  ["quickstart", "images/notebook", 9_000],
  ["quickstart", "images/science", 4_000],
  ["datahub", "images/datascience/2026.3", 9_000],
])("the environment of examples/%s/%s is what uv makes of it", async (example, environment, least) => {
  const lock = fileURLToPath(new URL(`../../examples/${example}/${environment}/requirements.txt`, import.meta.url))
  await using bench = await nativeBench()
  const { unlisted, count } = await compare(bench, await readFile(lock, "utf8"), { by: ["uv"] })
  expect(unlisted).toEqual([])
  expect(count).toBeGreaterThan(least)
})

test("the page of differences is what the table says", async () => {
  const page = fileURLToPath(new URL("../../docs/reference/differences-from-pip-and-uv.md", import.meta.url))
  if (process.env["NBSTACKS_UPDATE"] === "1") await writeFile(page, differencesPage())
  expect(await readFile(page, "utf8")).toBe(differencesPage())
})
