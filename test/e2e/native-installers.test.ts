import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { expect, test } from "vitest"
import {
  compareTrees,
  differences,
  differencesPage,
  installers,
  type InstallerName,
} from "../support/installer-differences.ts"
import { treeOfFolder, treeOfLayers } from "../support/installed-tree.ts"
import { debianImage, nativeBench, pypiStep, requirementsOf, uvProgram, type NativeBench } from "../support/native.ts"
import { keptWheels, listNames, offerWheels, wheelList } from "../support/wheel-lists.ts"

type Compared = {
  readonly covered: ReadonlySet<string>
  readonly unlisted: readonly string[]
  readonly count: number
}

/** Runs a program in the bench's folder; fails loudly. */
async function succeed({ host, folder }: NativeBench, ...argv: [string, ...string[]]): Promise<string> {
  const { code, stdout, stderr } = await host.run({ argv, cwd: folder, timeout: 540_000 })
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}: ${stderr.slice(-4000)}`)
  return stdout
}

const common = ["--quiet", "--no-deps", "--require-hashes", "-r", "lock.txt"] as const

/** Makes a venv and installs `lock.txt` of the bench's folder into it with another installer. `options` say from where. */
async function install(bench: NativeBench, name: InstallerName, options: readonly string[]): Promise<string> {
  const environment = join(bench.folder, name)
  const python = join(environment, "bin", "python")
  await succeed(bench, "python3", "-m", "venv", "--without-pip", environment)
  if (name === "pip") {
    const pip = ["python3", "-m", "pip", "--python", python, "install"] as const
    await succeed(bench, ...pip, ...common, "--no-compile", "--only-binary", ":all:", ...options)
  } else {
    const uv = [await uvProgram(bench.host), "pip", "install", "--python", python] as const
    // Links to uv's own cache in this folder, since copies only take time.
    const cache = ["--cache-dir", join(bench.folder, "uv-cache"), "--link-mode", "hardlink"] as const
    await succeed(bench, ...uv, ...common, "--only-binary", ":all:", ...cache, ...options)
  }
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
  const version = await succeed(bench, "python3", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])")
  const parent = await bench.parent(debianImage(version.trim()))
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

const covered = new Set<string>()
let wheels = 0

test.each(listNames)(
  "the wheels of test/wheels/%s.txt become what pip and uv make of them, but for what is listed",
  async (name) => {
    await using bench = await nativeBench()
    const { host, folder } = bench
    const list = await wheelList(host, name)
    await offerWheels(host, list.wheels, join(folder, "wheels"))
    const options = ["--no-index", "--find-links", join(folder, "wheels")]
    Object.assign(host, {
      env: { ...host.env, PIP_NO_INDEX: "1", PIP_FIND_LINKS: pathToFileURL(join(folder, "wheels")).href },
    })
    await host.files.makeDirectory(join(folder, "cache"))
    for (const part of ["wheels", "projects"])
      await host.files.symlink(join(keptWheels(host), part), join(folder, "cache", part))
    const found = await compare(bench, list.text, { by: installers, options })
    expect(found.unlisted).toEqual([])
    for (const what of found.covered) covered.add(what)
    wheels += list.wheels.length
  },
)

test("there are enough wheels, and each listed difference is one", () => {
  expect(wheels).toBeGreaterThan(500)
  const listed = differences.flatMap(({ what, from }) => from.map((name) => `${name}: ${what}`))
  expect([...covered].sort()).toEqual(listed.sort())
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
