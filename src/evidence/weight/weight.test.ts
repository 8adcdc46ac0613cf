import { expect, test } from "vitest"
import { imageOf, layerOf, type Member } from "../../../test/support/layers.ts"
import { readHeaders } from "../../oci/merged/headers.ts"
import { weigh, type Weighed } from "./hidden.ts"
import { leftBehind } from "./left-behind.ts"

type Members = Readonly<Record<string, Member>>

async function weighed(...layers: readonly Members[]): Promise<Weighed> {
  return weigh(await Promise.all(imageOf(...layers.map((one) => layerOf(one))).layers.map((one) => readHeaders(one))))
}

const content = (size: number): string => "x".repeat(size)
const base: Members = {
  "opt/": "",
  "opt/conda/lib/a.so": { content: content(1000), mode: 0o644 },
  "opt/conda/lib/b.so": { content: content(200), mode: 0o644 },
  "etc/passwd": content(10),
}

test("files that are copied for their modes or owners are hidden twice over", async () => {
  const { hidden } = await weighed(base, {
    "opt/conda/lib/a.so": { content: content(1000), mode: 0o664 },
    "opt/conda/lib/b.so": { content: content(200), mode: 0o644, gid: 100 },
  })
  expect(hidden).toEqual([{ layer: 0, by: 1, kind: "modes", files: 2, bytes: 1200, most: "opt/conda/lib" }])
})

test("files that are removed, also by folders, and written three times", async () => {
  const { hidden } = await weighed(
    base,
    { "opt/.wh.conda": "", "etc/passwd": content(20) },
    { "etc/passwd": content(30), "var/cache/": "", "var/cache/x": content(500) },
    { "var/cache/.wh..wh..opq": "" },
  )
  expect(hidden.map(({ layer, by, kind, bytes }) => [layer, by, kind, bytes])).toEqual([
    [0, 1, "removed", 1200],
    [2, 3, "removed", 500],
    [1, 2, "rewritten", 20],
    [0, 1, "rewritten", 10],
  ])
})

test("a file with another name that stays is not hidden, and an image without waste has none", async () => {
  const { hidden } = await weighed(
    { ...base, "opt/other": { kind: "hardlink", link: "opt/conda/lib/a.so" } },
    { "opt/conda/lib/.wh.a.so": "", "srv/new": content(5) },
  )
  expect(hidden).toEqual([])
})

test("what was written again though nothing changed", async () => {
  const { hidden } = await weighed(base, { "etc/passwd": content(10) })
  expect(hidden.map(({ kind, bytes }) => [kind, bytes])).toEqual([["copied", 10]])
})

test("caches are left behind, but not files that an environment has a link to", async () => {
  const { root } = await weighed(
    {
      "opt/conda/pkgs/numpy-1.0-py311_0/lib/n.so": content(700),
      "opt/conda/zlib/n.so": { kind: "hardlink", link: "opt/conda/pkgs/numpy-1.0-py311_0/lib/n.so" },
      "opt/conda/pkgs/numpy-1.0-py311_0/info/files": content(50),
      "opt/conda/pkgs/numpy-1.0-py311_0.conda": content(400),
      "home/jovyan/.cache/pip/http/a": content(300),
    },
    { "var/lib/apt/lists/deb_Packages": content(900), "var/lib/dpkg/status": content(100) },
  )
  expect(leftBehind(root).map(({ what, bytes, files, layer }) => [what, bytes, files, layer])).toEqual([
    ["apt's lists", 900, 1, 1],
    ["conda's packages", 450, 2, 0],
    ["pip's cache", 300, 1, 0],
  ])
  expect(leftBehind((await weighed(base)).root)).toEqual([])
})

test("bytecode is left behind where its source is gone", async () => {
  const { root } = await weighed({
    "opt/a/__pycache__/kept.cpython-311.pyc": content(70),
    "opt/a/kept.py": content(10),
    "opt/a/__pycache__/gone.cpython-311.pyc": content(500),
    "opt/a/__pycache__/gone.cpython-313t.opt-1.pyc": content(30),
    "opt/a/__pycache__/other": content(1000),
    "opt/a/legacy.pyc": content(1000),
  })
  expect(leftBehind(root).map(({ what, bytes, files }) => [what, bytes, files])).toEqual([
    ["bytecode without its source", 530, 2],
  ])
})

test("a path of thousands of hyphens takes no time", async () => {
  const { root } = await weighed({ [`opt/pkgs/${"-".repeat(20_000)}`]: content(10) })
  expect(leftBehind(root)).toEqual([])
})
