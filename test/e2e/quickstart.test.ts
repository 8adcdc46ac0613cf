import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { readImage, type Image } from "../../src/oci/image.ts"
import { openLayout } from "../../src/oci/store/layout/layout.ts"
import { serveStore } from "../../src/oci/store/server/serve.ts"
import { findSyft, syftOf } from "../support/known-image.ts"
import { compareWithSyft, unlisted, type Sighting } from "../support/syft-differences.ts"
import {
  built,
  commit,
  digestIn,
  openExample,
  pinned,
  plan,
  publish,
  withRequirement,
  type Published,
} from "../support/examples.ts"
import type { Sandbox } from "../support/sandbox.ts"

const host = makeHost(process.env)
await findSyft(host)
let sandbox: Sandbox
let first: Published

beforeAll(async () => {
  sandbox = await openExample(host, "quickstart")
  first = await publish(sandbox)
  if (first.code !== 0) throw new Error(first.stderr)
}, 1_200_000)

afterAll(() => sandbox?.[Symbol.asyncDispose]())

async function imageOf(published: Published, row: string): Promise<Image> {
  const { reference } = published.images.find(({ image }) => image === row) ?? { reference: "" }
  const folder = sandbox.env["NBSTACKS_STORE"] ?? ""
  const [repository = "", digest = ""] = reference.slice(`${folder}/`.length).split("@")
  return await readImage(openLayout(folder, host), repository, digest)
}

const layersOf = (image: Image): readonly string[] => image.layers.map(({ descriptor }) => descriptor.digest)

test("the example is built, checked and released without a registry", async () => {
  expect(first.code).toBe(0)
  expect(first.release).toMatch(/^\d{4}\.\d\d\.\d\d-[0-9a-f]{7}$/)
  expect(first.images.map(({ image, tags, built: made, checks }) => ({ image, tags, made, checks }))).toEqual([
    { image: "base", tags: [], made: true, checks: { passed: 1, failed: 0 } },
    { image: "notebook", tags: [first.release], made: true, checks: { passed: 8, failed: 0 } },
    { image: "science", tags: [first.release], made: true, checks: { passed: 11, failed: 0 } },
  ])
  const [base, notebook, science] = [
    await imageOf(first, "base"),
    await imageOf(first, "notebook"),
    await imageOf(first, "science"),
  ]
  expect(layersOf(notebook).slice(0, base.layers.length)).toEqual(layersOf(base))
  expect(layersOf(science).slice(0, notebook.layers.length)).toEqual(layersOf(notebook))
})

test("a second publish does nothing", async () => {
  const again = await publish(sandbox)
  expect([again.code, again.release, built(again)]).toEqual([0, first.release, []])
  expect(again.images.map(({ digest }) => digest)).toEqual(first.images.map(({ digest }) => digest))
  expect(await plan(sandbox)).toMatchObject({ builds: {}, check: [], reuse: ["base", "notebook", "science"] })
})

test("a command runs in an image, by its entrypoint and user, with this folder as ~/work", async () => {
  const run = (...argv: readonly string[]): ReturnType<Sandbox["nbstacks"]> =>
    sandbox.nbstacks("run", "notebook", "--runtime", "bubblewrap", "--", ...argv)
  expect(await run("python", "-V")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Python 3\.11\.\d+\n$/) })
  expect(await run("sh", "-c", "id -u; id -g; which python; ls ~/work; exit 7")).toMatchObject({
    code: 7,
    stdout: "1000\n100\n/opt/env/bin/python\nimages\nnbstacks.lock\nnbstacks.yaml\n",
  })
  // A folder that the image's user may not write to is said, and one that it may is written to.
  expect((await run("true")).stderr).toContain(`warning: ${sandbox.folder} is not writable`)
  const open = join(sandbox.folder, "images/notebook")
  await host.files.setOwner(open, 1000, 100)
  expect((await run("sh", "-c", "echo hello > ~/work/images/notebook/new.txt")).code).toBe(0)
  expect(await host.files.readText(join(open, "new.txt"))).toBe("hello\n")
  await host.files.remove(join(open, "new.txt"))
})

test("inspect finds what the image itself says that it has", async () => {
  const inspect = async (...args: readonly string[]): Promise<ReturnType<Sandbox["nbstacks"]>> =>
    await sandbox.nbstacks("inspect", "science", ...args)
  const said = async (command: string): Promise<string> => {
    const argv = ["run", "science", "--runtime", "bubblewrap", "--", "sh", "-c", command]
    const { code, stdout, stderr } = await sandbox.nbstacks(...argv)
    if (code !== 0) throw new Error(stderr)
    return stdout
  }
  const { code, stdout, stderr } = await inspect("--json")
  expect([code, stderr]).toEqual([0, ""])
  type Package = {
    ecosystem: string
    name: string
    version: string
    layer: number
    installer?: string
    within?: string
    path: string
  }
  const {
    packages,
    kernels,
    labExtensions: lab,
    layers,
  } = JSON.parse(stdout) as {
    packages: Package[]
    kernels: { name: string; path: string }[]
    labExtensions: { name: string; version: string }[]
    layers: { createdBy: string; size: number; unpacked: number }[]
  }
  const of = (ecosystem: string): readonly string[] =>
    packages
      .flatMap((one) => (one.ecosystem === ecosystem && one.within === undefined ? [`${one.name} ${one.version}`] : []))
      .toSorted()
  expect(of("deb")).toEqual((await said("dpkg-query -W -f '${Package} ${Version}\\n'")).trim().split("\n").toSorted())
  const distributions = `from importlib.metadata import distributions
for d in distributions(): print(d.metadata["Name"], d.version)`
  expect(of("pypi")).toEqual((await said(`python -c '${distributions}'`)).trim().split("\n").toSorted())
  const specs = JSON.parse(await said("jupyter kernelspec list --json 2>/dev/null")) as {
    kernelspecs: Record<string, { resource_dir: string }>
  }
  expect(kernels.map(({ name, path }) => [name, `/${path}`])).toEqual(
    Object.entries(specs.kernelspecs).map(([name, { resource_dir: folder }]) => [name, `${folder}/kernel.json`]),
  )
  const listed = [...(await said("jupyter labextension list 2>&1")).matchAll(/^ {8}(\S+) v(\S+) /gm)]
  expect(lab.map(({ name, version }) => [name, version])).toEqual(
    listed.map(([, name, version]) => [name, version]).toSorted(),
  )
  const pandas = packages.find(({ name }) => name === "pandas")
  expect(pandas?.installer).toBe("nbstacks")
  expect(layers[(pandas?.layer ?? 0) - 1]?.createdBy).toContain("pandas")
  expect((await inspect("--why", "Pandas")).stdout).toContain(`layer         ${pandas?.layer} of ${layers.length}`)
  expect(await inspect("--why", "nothing-like-it")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("hint: See all with `nbstacks inspect science --packages`"),
  })
  expect((await inspect("--packages")).stdout.trim().split("\n").length).toBe(packages.length)
})

test("packages weigh what their managers say in the image that they installed", async () => {
  const { code, stdout, stderr } = await sandbox.nbstacks("inspect", "science", "--layers", "--json")
  expect([code, stderr]).toEqual([0, ""])
  type Sum = { files: number; bytes: number; compressed: number }
  const { packages, noPackage, ecosystems, layers, largestFiles } = JSON.parse(stdout) as {
    packages: (Sum & { ecosystem: string; name: string; layers: { layer: number; bytes: number }[] })[]
    noPackage: Sum
    ecosystems: (Sum & { ecosystem: string })[]
    layers: { size: number; seen: Sum }[]
    largestFiles: { path: string; size: number; layer: number }[]
  }
  const total = (parts: readonly Sum[]): number => parts.reduce((sum, { bytes }) => sum + bytes, 0)
  expect(total([...packages, noPackage])).toBe(total(layers.map(({ seen }) => seen)))
  expect(total([...ecosystems, noPackage])).toBe(total(layers.map(({ seen }) => seen)))
  expect(noPackage.bytes).toBeLessThan(total(packages) / 50)
  for (const { size, seen } of layers) expect(seen.compressed).toBeLessThanOrEqual(size)
  // A file with two names is one. Bytecode of dpkg's files is made when they are installed; a list belongs to its package.
  const script = `import glob, importlib.metadata, json, os, subprocess, sys
def files(paths): return filter(os.path.isfile, map(os.path.realpath, (p for p in paths if not os.path.islink(p))))
def size(paths): return sum({s.st_ino: s.st_size for s in map(os.lstat, files(paths))}.values())
def compiled(path): return glob.glob(glob.escape(path[:path.rfind("/") + 1]) + "__pycache__/" + path[path.rfind("/") + 1:-3] + ".*.pyc")
def listed(name):
  paths = subprocess.run(["dpkg", "-L", name], capture_output=True, text=True).stdout.splitlines()
  lists = [p for n in [name, name + ":*"] for p in glob.glob("/var/lib/dpkg/info/" + n + ".list")]
  return paths + lists + [pyc for p in paths if p.endswith(".py") for pyc in compiled(p)]
names = subprocess.run(["dpkg-query", "-W", "-f", "$" + "{Package} "], capture_output=True, text=True).stdout.split()
python = {d.metadata["Name"]: size(str(d.locate_file(f)) for f in d.files) for d in importlib.metadata.distributions()}
json.dump([python, {name: size(listed(name)) for name in names}], sys.stdout)`
  const argv = ["run", "science", "--runtime", "bubblewrap", "--", "python", "-c", script]
  const said = await sandbox.nbstacks(...argv)
  const [python, debian] = JSON.parse(said.stdout) as [Record<string, number>, Record<string, number>]
  const of = (ecosystem: string): readonly (readonly [string, number])[] =>
    packages.flatMap((one) => (one.ecosystem === ecosystem ? [[one.name, one.bytes] as const] : []))
  expect(Object.fromEntries(of("pypi"))).toEqual(python)
  expect(Object.fromEntries(of("deb"))).toEqual(debian)
  expect(largestFiles.length).toBe(10)
  const text = (await sandbox.nbstacks("inspect", "science", "--layers")).stdout
  expect(text).toMatch(/\n▌1 nbstacks[^\n]*\n▏[^\n]*\n\n {2}# /)
  expect(text).toMatch(/\n *\d+\.\d MB +~\d+\.\d MB +numpy +\S+ +Python +layer \d+\n/)
  expect(text).toContain(largestFiles[0]?.path)
})

test("syft finds the same in the image but for what the page of differences says", async () => {
  const folder = sandbox.env["NBSTACKS_STORE"] ?? ""
  const { reference } = first.images.find(({ image }) => image === "science") ?? { reference: "" }
  await using server = await serveStore(openLayout(folder, host), host, { port: 0 })
  const found = await syftOf(host, `${server.address}/${reference.slice(`${folder}/`.length)}`)
  const { packages } = JSON.parse((await sandbox.nbstacks("inspect", "science", "--json")).stdout) as {
    packages: Sighting[]
  }
  const compared = compareWithSyft(
    packages.map((one) => ({ ...one, path: `/${one.path}` })),
    found,
  )
  expect(unlisted("quickstart", compared)).toEqual({ unlisted: [], unused: [] })
  expect(compared.both).toBeGreaterThan(200)
})

test("a page says what the image is built on, by digest, and what is in it", async () => {
  const { code, stdout, stderr } = await sandbox.nbstacks("page", "science")
  expect([code, stderr]).toEqual([0, ""])
  const notebook = (JSON.parse((await sandbox.nbstacks("inspect", "notebook", "--json")).stdout) as { digest: string })
    .digest
  expect(stdout).toContain(`\`\`\`dockerfile\nFROM notebook@${notebook}\n`)
  expect(stdout).toMatch(
    /^# science\n\n[^]*\n## Kernels\n[^]*\| python3 \| Python 3 [^]*\n## Packages of Debian \(\d+\)\n/,
  )
  expect(stdout).toMatch(/\n\| pandas \| \d[\d.]* \| BSD[^|]*\| \d+ \|\n/)
  expect((await sandbox.nbstacks("page", "science")).stdout).toBe(stdout)
})

test("bills of materials are what the tools of their formats take", async () => {
  const folder = await host.files.makeTemporary("nbstacks-sbom-")
  await using _ = { [Symbol.asyncDispose]: () => host.files.remove(folder) }
  const must = async (...argv: [string, ...string[]]): Promise<string> => {
    const { code, stdout, stderr } = await host.run({ argv, cwd: folder, timeout: 300_000 })
    if (code !== 0) throw new Error(`${stdout}${stderr}`)
    return stdout
  }
  const python = join(folder, "venv/bin/python")
  await must("python3", "-m", "venv", "venv")
  await must(python, "-m", "pip", "install", "--quiet", "spdx-tools", "cyclonedx-python-lib[json-validation]")
  const names: Record<string, readonly string[]> = {}
  for (const format of ["spdx", "cyclonedx"]) {
    const { code, stdout, stderr } = await sandbox.nbstacks("sbom", "science", "--format", format)
    expect([code, stderr]).toEqual([0, ""])
    expect((await sandbox.nbstacks("sbom", "science", "--format", format)).stdout).toBe(stdout)
    await host.files.write(join(folder, `${format}.spdx.json`), stdout)
    const document = JSON.parse(stdout) as Record<
      "packages" | "components",
      { name: string; versionInfo?: string; version?: string }[]
    >
    names[format] = (document.packages ?? document.components)
      .map(({ name, versionInfo, version }) => `${name} ${versionInfo ?? version}`)
      .filter((one) => !/^(?:science sha256:|debian )/.test(one))
      .toSorted()
  }
  expect(names["spdx"]).toEqual(names["cyclonedx"])
  const inspected = JSON.parse((await sandbox.nbstacks("inspect", "science", "--json")).stdout) as {
    packages: { name: string; version: string; licence?: string }[]
  }
  expect(names["spdx"]).toEqual(inspected.packages.map(({ name, version }) => `${name} ${version}`).toSorted())
  expect(inspected.packages.filter(({ licence }) => licence !== undefined).length).toBeGreaterThan(150)
  const spdx = `from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
document = parse_file("spdx.spdx.json")
print([m.validation_message for m in validate_full_spdx_document(document)], len(document.packages))`
  expect(await must(python, "-c", spdx)).toBe(`[] ${(names["spdx"]?.length ?? 0) + 1}\n`)
  const cyclonedx = `from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(open("cyclonedx.spdx.json").read()))`
  expect(await must(python, "-c", cyclonedx)).toBe("None\n")
})

test("diff says what one row has and another has not", async () => {
  const { stdout } = await sandbox.nbstacks("diff", "notebook", "science", "--json")
  const { packages, pull, size } = JSON.parse(stdout) as {
    packages: { name: string; change: string; to: string[] }[]
    pull: { bytes: number; layers: number; of: number }
    size: { from: number; to: number }
  }
  expect(packages.find(({ name }) => name === "pandas")).toMatchObject({ change: "new" })
  expect(packages.every(({ change }) => change === "new")).toBe(true)
  expect(pull.bytes).toBe(size.to - size.from)
  expect((await sandbox.nbstacks("diff", "science", "notebook", "--json")).stdout).toContain('"bytes": 0')
  const text = (await sandbox.nbstacks("diff", "notebook", "science")).stdout
  expect(text).toMatch(
    /^notebook → science {2}linux\/\w+\n.* who has the first pulls .* of \d+ layers\n\nnew {2}Python {2}/,
  )
  expect((await sandbox.nbstacks("diff", "notebook", "science", "--markdown")).stdout).toMatch(
    /\| Python \| from \| to \| {2}\|\n[^]*\| pandas \| {2}\| \d[\d.]* \| new \|/,
  )
  expect((await sandbox.nbstacks("diff", "science", "science")).stdout).toContain("They have the same packages")
})

test("a changed notebook is checked again, and nothing is built", async () => {
  const path = join(sandbox.folder, "images/science/tides.ipynb")
  const text = await host.files.readText(path)
  await host.files.write(path, text.replace("high.hour == 0", "high.hour == 1"))
  await commit(sandbox, "Expect another tide")
  expect(await plan(sandbox)).toMatchObject({
    builds: {},
    check: [{ image: "science", need: "checks-changed" }],
  })
  const broken = await publish(sandbox)
  expect([broken.code, broken.release]).toEqual([1, first.release])
  expect(broken.stderr).toContain("images/science/tides.ipynb")
  expect(broken.stderr).toContain("AssertionError")
  expect(broken.stderr).toContain(`Users still get ${first.release}`)
  await host.files.write(path, text)
  await commit(sandbox, "Expect the tide that is")
})

test("one changed package rebuilds its row and the child, and moves few layers", async () => {
  const path = join(sandbox.folder, "images/notebook/requirements.txt")
  const text = await host.files.readText(path)
  await host.files.write(path, withRequirement(text, "webcolors", await pinned(host, "webcolors", "24.11.1")))
  await commit(sandbox, "Take an older webcolors")
  const { builds, reuse } = await plan(sandbox)
  expect(reuse).toEqual(["base"])
  expect(builds).toEqual({
    notebook: [{ kind: "package", name: "webcolors", from: "25.10.0", to: "24.11.1" }],
    science: [{ kind: "parent", id: "notebook", because: "rebuilt" }],
  })
  const second = await publish(sandbox)
  expect([second.code, built(second)]).toEqual([0, ["notebook", "science"]])
  expect(digestIn(second, "base")).toBe(digestIn(first, "base"))
  for (const row of ["notebook", "science"]) {
    const before = new Set(layersOf(await imageOf(first, row)))
    const now = (await imageOf(second, row)).layers
    const moved = now.filter(({ descriptor }) => !before.has(descriptor.digest))
    // One bin of small packages, the bytecode where there is some, and what names the environment's scripts.
    expect(moved.length).toBeGreaterThan(0)
    expect(moved.length).toBeLessThanOrEqual(2)
    const size = (layers: Image["layers"]): number => layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0)
    expect(size(moved)).toBeLessThan(size(now) / 10)
  }
  const version = await sandbox.nbstacks(
    "run",
    "science",
    "--runtime=bubblewrap",
    "--",
    "python",
    "-c",
    "import importlib.metadata as m; print(m.version('webcolors'))",
  )
  expect(version.stdout).toBe("24.11.1\n")
})
