import { expect, test } from "vitest"
import type { Image } from "../../src/oci/image.ts"
import { readMerged } from "../../src/oci/merged.ts"
import type { Step } from "../../src/tree/step.ts"
import { benchWith, requirement } from "../support/bench-wheels.ts"
import { layerOf, type Member } from "../support/layers.ts"
import { debianImage, placedFiles, pypiStep } from "../support/native.ts"
import { wheelOf, type WheelMember } from "../support/wheels.ts"

const site = "opt/env/lib/python3.11/site-packages"

function demo(version: string, members: readonly WheelMember[]) {
  const entryPoints =
    version === "1.0"
      ? "[console_scripts]\nolder = demo:main\ndemo = demo:main\n"
      : "[console_scripts]\ndemo = demo:main\n"
  return wheelOf({ name: "demo", version, members, entryPoints })
}

const older = demo("1.0", [
  { path: "demo/__init__.py", content: "version = 1\n" },
  { path: "demo/gone.py", content: "x = 1\n" },
  { path: "demo/old/__init__.py" },
  { path: "demo/old/deep/data.txt", content: "old" },
  { path: "demo/mixed/mine.txt" },
  { path: "demo/kind/inner.txt" },
  { path: "shared/ours.py", content: "ours\n" },
  { path: "shared/both.py", content: "both\n" },
  { path: "demo-1.0.data/data/share/demo/manual.txt", content: "old manual" },
  { path: "demo-1.0.data/headers/demo.h", content: "old" },
])
const newer = demo("2.0", [
  { path: "demo/__init__.py", content: "version = 2\n" },
  { path: "demo/new.py", content: "x = 2\n" },
  { path: "demo/kind", content: "a file now" },
  { path: "demo-2.0.data/data/share/demo/manual.txt", content: "new manual" },
])
const friend = wheelOf({ name: "friend", version: "1.0", members: [{ path: "shared/both.py", content: "both\n" }] })

const replacing = (step: Step): Step => ({ ...step, replace: true }) as Step
const wantOlder = requirement("demo", [older])
const wantNewer = requirement("demo", [newer], { version: "2.0" })
const wantFriend = requirement("friend", [friend])

/** The image as a container sees it, below the environment: kinds, modes and contents. */
async function seen(image: Image): Promise<Readonly<Record<string, string>>> {
  const merged = await readMerged(image)
  const entries = [...merged.below("/opt/env")].filter(({ kind }) => kind !== "directory" && kind !== "symlink")
  const contents = await merged.readFiles(entries.map(({ path }) => path))
  return Object.fromEntries(
    entries.map(({ path, mode }) => [path, `${mode.toString(8)} ${Buffer.from(contents.get(path) ?? []).toString()}`]),
  )
}

/** What a layer hides, without the folders on the way. */
async function hiddenBy(image: Image, from: number): Promise<readonly string[]> {
  const paths = [...(await placedFiles({ ...image, layers: image.layers.slice(0, from + 1) }, from)).keys()]
  return paths.filter((path) => path.includes("/.wh.")).map((path) => path.slice("opt/env/".length).replace(".wh.", ""))
}

test("the image with another version has exactly what a fresh one has", async () => {
  await using bench = await benchWith([older, newer, friend])
  const base = await bench.parent(debianImage())
  const first = await bench.execute(pypiStep([wantOlder, wantFriend]), base)
  const second = await bench.execute(replacing(pypiStep([wantNewer])), first)
  const fresh = await bench.execute(pypiStep([wantNewer, wantFriend]), base)
  expect(await seen(second)).toEqual(await seen(fresh))
  expect(await hiddenBy(second, first.layers.length)).toEqual([
    "bin/older",
    "include/site",
    "lib/python3.11/site-packages/demo-1.0.dist-info",
    "lib/python3.11/site-packages/demo/gone.py",
    "lib/python3.11/site-packages/demo/kind",
    "lib/python3.11/site-packages/demo/mixed",
    "lib/python3.11/site-packages/demo/old",
    "lib/python3.11/site-packages/shared/ours.py",
  ])
  expect(second.layers[first.layers.length]?.history).toMatchObject({ created_by: "nbstacks: without demo 1.0" })
  const notes = bench.events.flatMap((event) =>
    event.kind === "note" && event.text.includes("replaces") ? [event] : [],
  )
  expect(notes).toEqual([{ kind: "note", level: "info", text: "row: demo 2.0 replaces demo 1.0 of the parent" }])
  const third = await bench.execute(replacing(pypiStep([wantNewer])), second)
  expect(third.layers.length).toBe(second.layers.length)
})

test("folders on the way keep their modes and owners, and none above the prefix has a header", async () => {
  await using bench = await benchWith([older, newer])
  const first = await bench.execute(pypiStep([wantOlder]), await bench.parent(debianImage()))
  const second = await bench.execute(replacing(pypiStep([wantNewer])), first)
  const one = { ...second, layers: second.layers.slice(0, first.layers.length + 1) }
  const folders = [...(await placedFiles(one, first.layers.length))].filter(([, { kind }]) => kind === "directory")
  expect(folders.map(([path, { mode, uid, gid }]) => `${path} ${mode.toString(8)} ${uid}:${gid}`)).toEqual([
    "opt/env 2775 1000:100",
    "opt/env/bin 2775 1000:100",
    "opt/env/include 2775 1000:100",
    "opt/env/lib 2775 1000:100",
    "opt/env/lib/python3.11 2775 1000:100",
    `${site} 2775 1000:100`,
    `${site}/demo 2775 1000:100`,
  ])
})

/** What somebody put into the environment after the older version was installed. */
const additions: Readonly<Record<string, Member>> = {
  [`${site}/demo/__pycache__/__init__.cpython-311.pyc`]: "old",
  [`${site}/demo/__pycache__/gone.cpython-311.opt-2.pyc`]: "old",
  [`${site}/demo/__pycache__/gone.cpython-39.pyc`]: "old",
  [`${site}/demo/__pycache__/stranger.cpython-311.pyc`]: "kept",
  [`${site}/demo/old/__init__.pyc`]: "old",
  [`${site}/demo/mixed/theirs.txt`]: "kept",
  [`${site}/demo/old/deep/empty/`]: "",
  [`${site}/demo-1.0.dist-info/unlisted.json`]: "old",
}

test("what is not the old version's stays, and bytecode of what it had goes", async () => {
  await using bench = await benchWith([older, newer])
  const first = await bench.execute(pypiStep([wantOlder]), await bench.parent(debianImage()))
  const parent = await bench.parent({ ...first, layers: [...first.layers, layerOf(additions)] })
  const second = await bench.execute(replacing(pypiStep([wantNewer])), parent)
  const after = Object.keys(await seen(second))
  const left = Object.keys(additions).filter((path) => after.includes(path))
  expect(left).toEqual([`${site}/demo/__pycache__/stranger.cpython-311.pyc`, `${site}/demo/mixed/theirs.txt`])
  const merged = await readMerged(second)
  expect(merged.get(`${site}/demo/old/deep/empty`)?.kind).toBe("directory")
  expect(merged.get(`${site}/demo-1.0.dist-info`)).toBeUndefined()
  expect(after.filter((path) => path.includes("demo/old/"))).toEqual([])
})

/** The rows of a RECORD that somebody wrote to take more with it. */
const greedy = [
  "../../../bin/python,,",
  "../../../pyvenv.cfg,,",
  "../../../../../usr/bin/python3.11,,",
  "/usr/bin/python3.11,,",
  "/opt/env/bin/tool,,",
  "../../../lib64/python3.11/site-packages/mine.py,,",
  "out/passwd,,",
  "../../../lib,,",
  "friend.py,,",
  "demo-1.0.dist-info/RECORD,,",
].join("\n")

test("a RECORD cannot take away the environment, what is outside, or what is another's", async () => {
  await using bench = await benchWith([newer, friend])
  const first = await bench.execute(pypiStep([wantFriend]), await bench.parent(debianImage()))
  const parent = await bench.parent({
    ...first,
    layers: [
      ...first.layers,
      layerOf({
        [`${site}/demo-1.0.dist-info/RECORD`]: `${greedy}\nshared/both.py,,\n`,
        [`${site}/out`]: { kind: "symlink", link: "/etc" },
        [`${site}/mine.py`]: "",
        [`${site}/friend.py`]: "",
        "etc/passwd": "root",
        "opt/env/bin/tool": "",
      }),
    ],
  })
  const second = await bench.execute(replacing(pypiStep([wantNewer])), parent)
  expect(await hiddenBy(second, parent.layers.length)).toEqual([
    "bin/tool",
    "lib/python3.11/site-packages/demo-1.0.dist-info",
    "lib/python3.11/site-packages/friend.py",
    "lib/python3.11/site-packages/mine.py",
  ])
})

const unclear: Readonly<Record<string, readonly [Readonly<Record<string, Member>>, string]>> = {
  "an .egg-info folder": [
    { [`${site}/demo-1.0-py3.11.egg-info/PKG-INFO`]: "" },
    "does not say which files are those of demo-1.0-py3.11.egg-info",
  ],
  "an .egg-info file": [
    { [`${site}/demo-1.0.egg-info`]: "" },
    "does not say which files are those of demo-1.0.egg-info",
  ],
  "no RECORD": [
    { [`${site}/demo-1.0.dist-info/METADATA`]: "" },
    "does not say which files are those of demo-1.0.dist-info",
  ],
  "a link in the place of its metadata": [
    {
      [`${site}/demo-1.0.dist-info`]: { kind: "symlink", link: "/etc/demo" },
      "etc/demo/RECORD": "passwd,,",
      "etc/demo/passwd": "",
    },
    "demo-1.0.dist-info is a symbolic link",
  ],
  "a link in the place of its RECORD": [
    {
      [`${site}/demo-1.0.dist-info/RECORD`]: { kind: "symlink", link: "/etc/list" },
      "etc/list": "friend.py,,",
    },
    "the RECORD of demo-1.0.dist-info is a symbolic link",
  ],
  "a RECORD that lists another's metadata": [
    { [`${site}/demo-1.0.dist-info/RECORD`]: "shared/both.py,,\nfriend-1.0.dist-info/METADATA,,\n" },
    "its RECORD lists the metadata of another distribution: `friend-1.0.dist-info/METADATA`",
  ],
  "a damaged RECORD": [{ [`${site}/demo-1.0.dist-info/RECORD`]: '"x' }, "its RECORD has a quote that does not end"],
}

test.each(Object.entries(unclear))("an old version with %s is refused", async (_, [members, why]) => {
  await using bench = await benchWith([newer, friend])
  const first = await bench.execute(pypiStep([wantFriend]), await bench.parent(debianImage()))
  const parent = await bench.parent({ ...first, layers: [...first.layers, layerOf(members)] })
  const refused = await bench.execute(replacing(pypiStep([wantNewer])), parent).catch((error: unknown) => error)
  expect(refused).toMatchObject({ name: "Failure", code: "no", hint: expect.stringMatching(/parent/) })
  expect((refused as Error).message).toContain(why)
})

test("in a conda environment conda's own records stay", async () => {
  await using bench = await benchWith([newer])
  const inside = "opt/conda/lib/python3.11/site-packages"
  const parent = await bench.parent({
    ...debianImage("3.11.2", {
      "opt/conda/bin/python3.11": { content: "", mode: 0o755 },
      "opt/conda/bin/python3": { kind: "symlink", link: "python3.11" },
      "opt/conda/bin/python": { kind: "symlink", link: "python3.11" },
      "opt/conda/conda-meta/python-3.11.2-h123_0_cpython.json": "{}",
      "opt/conda/conda-meta/demo-1.0-py311_0.json": "{}",
      [`${inside}/demo/__init__.py`]: "version = 1\n",
      [`${inside}/demo/gone.py`]: "",
      [`${inside}/demo-1.0.dist-info/RECORD`]:
        "demo/__init__.py,,\ndemo/gone.py,,\n../../../conda-meta/demo-1.0-py311_0.json,,\n../../../bin/python3.11,,\n",
    }),
    config: { Env: ["PATH=/opt/conda/bin:/usr/bin"] },
  })
  const image = await bench.execute(replacing(pypiStep([wantNewer])), parent)
  const hidden = [...(await placedFiles(image, parent.layers.length)).keys()].filter((path) => path.includes(".wh."))
  expect(hidden).toEqual([`${inside}/.wh.demo-1.0.dist-info`, `${inside}/demo/.wh.gone.py`])
  const merged = await readMerged(image)
  expect(merged.list("opt/conda/conda-meta")).toEqual(["demo-1.0-py311_0.json", "python-3.11.2-h123_0_cpython.json"])
  expect(Buffer.from((await merged.readFile(`${inside}/demo/__init__.py`)) ?? []).toString()).toBe("version = 2\n")
})
