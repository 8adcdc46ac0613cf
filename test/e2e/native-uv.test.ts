import { readFile, readlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import {
  debianImage,
  nativeBench,
  placedFiles,
  pypiStep,
  requirementsOf,
  uvProgram,
  type NativeBench,
  type PlacedFile,
} from "../support/native.ts"
import { differencesPage, uvDifferences, type Pair } from "../support/uv-differences.ts"

/** Small ones with every shape: `.data` of all kinds, headers, `#!python` scripts, binaries, namespaces, kernels. */
const wanted = [
  "attrs",
  "greenlet",
  "ipykernel",
  "jmespath",
  "jsonschema",
  "jupyterlab-widgets",
  "markupsafe",
  "nbconvert",
  "numpy",
  "pip",
  "pytz",
  "pyyaml",
  "ruff",
  "setuptools",
  "sphinxcontrib-jsmath",
  "widgetsnbextension",
]

test("an environment is what `uv pip install` makes, but for what is listed", async () => {
  const { covered, unlisted, count } = await compare(async ({ host, folder }) => {
    await host.files.write(join(folder, "in.txt"), wanted.join("\n"))
    const uv = await uvProgram(host)
    const argv = [uv, "pip", "compile", "--quiet", "--generate-hashes", "--python", "python3", "in.txt"] as const
    const { code, stdout, stderr } = await host.run({ argv, cwd: folder })
    if (code !== 0) throw new Error(stderr)
    return stdout
  })
  expect(unlisted).toEqual([])
  expect([...covered].sort()).toEqual(uvDifferences.map((one) => one.what).sort())
  expect(count).toBeGreaterThan(3_000)
})

test.each([
  ["quickstart", "images/notebook", 9_000],
  ["quickstart", "images/science", 4_000],
  ["datahub", "images/datascience/2026.3", 9_000],
])("the environment of examples/%s/%s is too", async (example, environment, least) => {
  const lock = fileURLToPath(new URL(`../../examples/${example}/${environment}/requirements.txt`, import.meta.url))
  const { unlisted, count } = await compare(() => readFile(lock, "utf8"))
  expect(unlisted).toEqual([])
  expect(count).toBeGreaterThan(least)
})

type Compared = { readonly covered: ReadonlySet<string>; readonly unlisted: readonly string[]; readonly count: number }

/** Installs what a lock says with uv and with our engine, and lists how the files differ. */
async function compare(lockOf: (bench: NativeBench) => Promise<string>): Promise<Compared> {
  await using bench = await nativeBench()
  const { host, folder } = bench
  const uv = await uvProgram(host)
  const succeed = async (...argv: [string, ...string[]]): Promise<string> => {
    const { code, stdout, stderr } = await host.run({ argv, cwd: folder })
    if (code !== 0) throw new Error(stderr)
    return stdout
  }
  const lock = await lockOf(bench)
  await host.files.write(join(folder, "lock.txt"), lock)
  const environment = join(folder, "env")
  await succeed("python3", "-m", "venv", "--without-pip", environment)
  await succeed(
    uv,
    "pip",
    "install",
    "--quiet",
    "--require-hashes",
    "--no-deps",
    "--only-binary",
    ":all:",
    "--link-mode",
    "copy",
    "--python",
    join(environment, "bin", "python"),
    "-r",
    "lock.txt",
  )
  const python = (await succeed("python3", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])")).trim()

  const parent = await bench.parent(debianImage(python))
  const image = await bench.execute(pypiStep(requirementsOf(lock)), parent)
  const ours = new Map(
    [...(await placedFiles(image, parent.layers.length))]
      .filter(([path]) => path !== "opt/env")
      .map(([path, file]) => [path.slice("opt/env/".length), file] as const),
  )
  const theirs = await tree(environment)

  const covered = new Set<string>()
  const unlisted: string[] = []
  for (const path of [...new Set([...ours.keys(), ...theirs.keys()])].sort()) {
    const [mine, other] = [ours.get(path), theirs.get(path)]
    if (mine?.kind === "directory" || other?.kind === "directory") {
      if (mine?.kind !== other?.kind) unlisted.push(`${path}: ${mine?.kind} instead of ${other?.kind}`)
      continue
    }
    if (path.startsWith("bin/python") || path === "lib64") {
      // Which interpreter they lead to in the end differs; that they are links does not.
      if (mine?.kind !== "symlink" || other?.kind !== "symlink") unlisted.push(`${path}: no link`)
      continue
    }
    if (mine !== undefined && other !== undefined) {
      const mode = other.mode % 2 === 1 ? 0o775 : 0o664
      if (mine.kind !== other.kind || mine.mode !== mode)
        unlisted.push(`${path}: ${mine.kind} ${mine.mode.toString(8)}`)
      // Where the environment is stands in scripts: ours is at /opt/env.
      const moved = path.startsWith("bin/")
        ? Buffer.from(other.content.toString("latin1").replaceAll(environment, "/opt/env"), "latin1")
        : other.content
      if (mine.content.equals(moved)) continue
    }
    const pair: Pair = { path, ours: mine?.content, theirs: other?.content }
    const difference = uvDifferences.find((one) => one.covers(pair))
    if (difference === undefined) unlisted.push(path)
    else covered.add(difference.what)
  }
  return { covered, unlisted, count: ours.size }
}

/** Files, links and folders below a folder, with what the layers would say. */
async function tree(
  folder: string,
  below = "",
): Promise<Map<string, Pick<PlacedFile, "kind" | "mode" | "content" | "link">>> {
  await using bench = await nativeBench()
  const { files } = bench.host
  const found: Awaited<ReturnType<typeof tree>> = new Map()
  const walk = async (path: string): Promise<void> => {
    for (const { name, kind } of (await files.list(join(folder, path))) ?? []) {
      const inner = path === "" ? name : `${path}/${name}`
      const stat = await files.stat(join(folder, inner))
      const link = kind === "link" ? await readlink(join(folder, inner)) : undefined
      const content = kind === "file" ? Buffer.from(await files.read(join(folder, inner))) : Buffer.alloc(0)
      found.set(inner, { kind: kind === "link" ? "symlink" : kind, mode: stat?.mode ?? 0, content, link })
      if (kind === "directory") await walk(inner)
    }
  }
  await walk(below)
  return found
}

test("the page of differences is what the table says", async () => {
  const page = fileURLToPath(new URL("../../docs/reference/differences-from-uv.md", import.meta.url))
  if (process.env["NBSTACKS_UPDATE"] === "1") await writeFile(page, differencesPage())
  expect(await readFile(page, "utf8")).toBe(differencesPage())
})
