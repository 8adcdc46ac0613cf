import { expect, test } from "vitest"
import type { Image } from "../../src/oci/image.ts"
import { environmentLabel } from "../../src/tree/labels.ts"
import { benchWith, requirement } from "../support/bench-wheels.ts"
import { imageOf, layerOf, type Member } from "../support/layers.ts"
import { forPlatform, placedFiles, pypiStep } from "../support/native.ts"
import { wheelOf } from "../support/wheels.ts"

/** An Alpine as its own packages make it: `more` says what tells the C library. */
function alpine(more: Readonly<Record<string, Member>>): Image {
  return imageOf(
    layerOf({
      "usr/bin/python3.12": { content: "", mode: 0o755 },
      "usr/bin/python3": { kind: "symlink", link: "python3.12" },
      "usr/lib/python3.12/json/__init__.py": "",
      ...more,
    }),
  )
}

const apk = "C:Q1\nP:musl\nV:1.2.5-r9\nA:x86_64\nF:lib\nR:ld-musl-x86_64.so.1\n\nC:Q1\nP:python3\nV:3.12.8-r1\n\n"
const loader = "\0libc.musl-x86_64.so.1\0musl libc (%s)\nVersion %s\n\0\x001.2.3\0"

const wheels = ["manylinux_2_17_x86_64", "musllinux_1_1_x86_64", "musllinux_1_2_x86_64", "musllinux_1_2_aarch64"].map(
  (platform) => wheelOf({ name: "demo", version: "1.0", tag: `cp312-cp312-${platform}` }),
)
const pure = wheelOf({ name: "pure", version: "1.0" })

const muslImages: Readonly<Record<string, readonly [Image, string]>> = {
  "apk's list": [
    alpine({ "lib/apk/db/installed": apk }),
    '{"kind":"venv","musl":"1.2","path":"/opt/env","python":"3.12.8"}',
  ],
  "apk's list below /usr": [
    alpine({ "usr/lib/apk/db/installed": apk, lib: { kind: "symlink", link: "usr/lib" } }),
    '{"kind":"venv","musl":"1.2","path":"/opt/env","python":"3.12.8"}',
  ],
  "the loader": [
    alpine({ "lib/ld-musl-x86_64.so.1": loader }),
    '{"kind":"venv","musl":"1.2","path":"/opt/env","python":"3.12"}',
  ],
}

test.each(Object.entries(muslImages))("musl is known from %s, and its wheels are taken", async (_, [image, label]) => {
  await using bench = await benchWith([...wheels, pure])
  const parent = await bench.parent(image)
  const made = await bench.execute(pypiStep([requirement("demo", wheels), requirement("pure", [pure])]), parent)
  expect(made.config.Labels?.[environmentLabel]).toBe(label)
  const tags = [...(await placedFiles(made, parent.layers.length))].flatMap(([path, { content }]) =>
    path.endsWith("demo-1.0.dist-info/WHEEL") ? [/^Tag: (.*)$/m.exec(content.toString())?.[1]] : [],
  )
  expect(tags).toEqual(["cp312-cp312-musllinux_1_2_x86_64"])
  // A child reads the label, and nothing else.
  const more = wheelOf({ name: "more", version: "1.0", tag: "cp312-cp312-manylinux_2_17_x86_64" })
  await bench.host.files.write(`${bench.folder}/wheels/${more.filename}`, more.bytes)
  const refused = await bench.execute(pypiStep([requirement("more", [more])]), made).catch((error: unknown) => error)
  expect(String(refused)).toMatch(/No wheel of more 1\.0 fits Python 3\.12(?:\.8)? on linux\/amd64 with musl 1\.2/)
  expect(refused).toMatchObject({ detail: "  more-1.0-cp312-cp312-manylinux_2_17_x86_64.whl needs glibc 2.17" })
})

test.each([
  ["a loader that does not say its version", { "lib/ld-musl-x86_64.so.1": "ELF" }],
  ["a glibc of unknown version beside it", { "lib/ld-musl-x86_64.so.1": loader, "usr/lib64/libc.so.6": "" }],
])("with %s only wheels for any C library fit", async (_, more) => {
  await using bench = await benchWith([...wheels, pure])
  const parent = await bench.parent(alpine(more))
  await expect(bench.execute(pypiStep([requirement("demo", wheels)]), parent)).rejects.toThrow(
    "No wheel of demo 1.0 fits Python 3.12 on linux/amd64",
  )
  const made = await bench.execute(pypiStep([requirement("pure", [pure])]), parent)
  expect(made.config.Labels?.[environmentLabel]).toBe('{"kind":"venv","path":"/opt/env","python":"3.12"}')
})

test("another platform with musl takes its own wheels", async () => {
  await using bench = await benchWith(wheels)
  const parent = await bench.parent(forPlatform(muslImages["apk's list"]![0], "linux/arm64"))
  const made = await bench.execute(pypiStep([requirement("demo", wheels)]), parent)
  const wheel = [...(await placedFiles(made, 1))].find(([path]) => path.endsWith("demo-1.0.dist-info/WHEEL"))
  expect(wheel?.[1].content.toString()).toContain("musllinux_1_2_aarch64")
})

const threaded = [
  "cp313-cp313-manylinux_2_17_x86_64",
  "cp313-cp313t-manylinux_2_17_x86_64",
  "cp38-abi3-manylinux_2_17_x86_64",
].map((tag) =>
  wheelOf({
    name: "demo",
    version: "1.0",
    tag,
    entryPoints: "[console_scripts]\ndemo = demo:main\n",
    members: [{ path: "demo.py" }, { path: "demo-1.0.data/headers/demo.h" }],
  }),
)

const python = {
  "usr/bin/python3.13t": { content: "", mode: 0o755 },
  "var/lib/dpkg/status": "Package: libc6\nStatus: install ok installed\nVersion: 2.41-1\n\n",
}
const threadedImages: Readonly<
  Record<string, readonly [Image, { readonly prefix: string; readonly interpreter: string; readonly include: string }]>
> = {
  "a system": [
    imageOf(
      layerOf({
        ...python,
        "usr/bin/python3": { kind: "symlink", link: "python3.13t" },
        "usr/lib/python3.13t/json/__init__.py": "",
      }),
    ),
    { prefix: "opt/env", interpreter: "/opt/env/bin/python", include: "include/site/python3.13" },
  ],
  "a venv": [
    {
      ...imageOf(
        layerOf({
          ...python,
          "srv/venv/bin/python": { kind: "symlink", link: "/usr/bin/python3.13t" },
          "srv/venv/bin/python3": { kind: "symlink", link: "python" },
          "srv/venv/lib/python3.13t/site-packages/": "",
          "srv/venv/pyvenv.cfg": "home = /usr/bin\nversion = 3.13.1\n",
        }),
      ),
      config: { Env: ["PATH=/srv/venv/bin:/usr/bin"] },
    },
    { prefix: "srv/venv", interpreter: "/srv/venv/bin/python", include: "include/site/python3.13" },
  ],
  "a conda environment": [
    {
      ...imageOf(
        layerOf({
          ...python,
          "opt/conda/bin/python3.13t": { content: "", mode: 0o755 },
          "opt/conda/bin/python3": { kind: "symlink", link: "python3.13t" },
          "opt/conda/bin/python": { kind: "symlink", link: "python3.13t" },
          "opt/conda/conda-meta/python-3.13.1-h9a34b6e_5_cp313t.json": "{}",
        }),
      ),
      config: { Env: ["PATH=/opt/conda/bin"] },
    },
    { prefix: "opt/conda", interpreter: "/opt/conda/bin/python3.13t", include: "include/python3.13" },
  ],
}

test.each(Object.entries(threadedImages))(
  "a free-threaded Python of %s takes cp313t wheels",
  async (_, [image, where]) => {
    await using bench = await benchWith(threaded)
    const parent = await bench.parent(image)
    const made = await bench.execute(pypiStep([requirement("demo", threaded)]), parent)
    const files = await placedFiles(made, parent.layers.length)
    const site = `${where.prefix}/lib/python3.13t/site-packages`
    expect(files.get(`${site}/demo-1.0.dist-info/WHEEL`)?.content.toString()).toContain("cp313-cp313t-")
    expect(files.get(`${where.prefix}/bin/demo`)?.content.toString()).toContain(`#!${where.interpreter}\n`)
    expect(files.has(`${where.prefix}/${where.include}/demo/demo.h`)).toBe(true)
    expect(made.config.Labels?.[environmentLabel]).toMatch(/^\{"abi":"t","glibc":"2\.41",/)
    // A child finds it by the label, and what is there.
    const again = await bench.execute(pypiStep([requirement("demo", threaded)]), made)
    expect(again.layers.length).toBe(made.layers.length)
    const stable = threaded.slice(2)
    await expect(bench.execute(pypiStep([requirement("demo", stable)]), parent)).rejects.toThrow(
      /No wheel of demo 1\.0 fits free-threaded Python 3\.13(?:\.1)? on linux\/amd64 with glibc 2\.41/,
    )
  },
)
