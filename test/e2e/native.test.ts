import { createHash } from "node:crypto"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Image } from "../../src/oci/image.ts"
import { layerArchive } from "../../src/oci/layer/open.ts"
import { validateImage } from "../../src/oci/validate.ts"
import { environmentLabel } from "../../src/tree/labels.ts"
import type { Step } from "../../src/tree/step.ts"
import { benchWith, requirement } from "../support/bench-wheels.ts"
import { imageOf, layerOf } from "../support/layers.ts"
import { debianImage, forPlatform, nativeBench, placedFiles, pypiStep } from "../support/native.ts"
import { wheelOf, type TestWheel } from "../support/wheels.ts"

const site = "opt/env/lib/python3.11/site-packages"

const demo = wheelOf({ name: "demo", version: "1.0", entryPoints: "[console_scripts]\ndemo = demo:main\n" })
const other = wheelOf({ name: "other", version: "1.0" })

test("the first environment is a venv on the system's Python, first on PATH, and its children add to it", async () => {
  await using bench = await benchWith([demo, other])
  const parent = await bench.parent(debianImage())
  const first = await bench.execute(pypiStep([requirement("demo", [demo])]), parent)
  const files = await placedFiles(first, parent.layers.length)
  expect([...files.keys()].filter((path) => !path.includes(".dist-info"))).toEqual([
    "opt/env",
    "opt/env/bin",
    "opt/env/bin/python",
    "opt/env/bin/python3",
    "opt/env/bin/python3.11",
    "opt/env/include",
    "opt/env/include/python3.11",
    "opt/env/lib",
    "opt/env/lib/python3.11",
    site,
    "opt/env/lib64",
    "opt/env/pyvenv.cfg",
    `${site}/demo`,
    "opt/env/bin/demo",
    `${site}/demo/__init__.py`,
  ])
  expect(files.get("opt/env/bin/python")?.link).toBe("/usr/bin/python3.11")
  expect(files.get("opt/env/pyvenv.cfg")?.content.toString()).toBe(
    "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\nexecutable = /usr/bin/python3.11\n",
  )
  const owners = new Set([...files.values()].map(({ uid, gid, mtime }) => `${uid}:${gid} ${mtime}`))
  expect([...owners]).toEqual(["1000:100 315532800"])
  const modes = new Set([...files.values()].map(({ kind, mode }) => `${kind} ${mode.toString(8)}`))
  expect([...modes].sort()).toEqual(["directory 2775", "file 664", "file 775", "symlink 777"])
  expect(first.config.Labels?.[environmentLabel]).toBe(
    '{"glibc":"2.36","kind":"venv","path":"/opt/env","python":"3.11.2"}',
  )
  expect(first.config.Env).toEqual([
    "A=1",
    "PATH=/opt/env/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "VIRTUAL_ENV=/opt/env",
  ])
  const second = await bench.execute(pypiStep([requirement("demo", [demo]), requirement("other", [other])]), first)
  const added = await placedFiles(second, first.layers.length)
  const names = [...added].flatMap(([path, { kind }]) => (kind === "file" ? [path.split("/")[5]?.split("-")[0]] : []))
  expect(new Set(names)).toEqual(new Set(["other"]))
  expect(second.config).toEqual(first.config)
  const location = { store: bench.store, repository: "parent", digest: bench.digestOf(second) as `sha256:${string}` }
  expect(await validateImage(location)).toEqual([])
})

test("another version than the parent's is an error that names both, the same one is skipped", async () => {
  const newer = wheelOf({ name: "demo", version: "2.0" })
  await using bench = await benchWith([demo, newer])
  const first = await bench.execute(pypiStep([requirement("demo", [demo])]), await bench.parent(debianImage()))
  await expect(bench.execute(pypiStep([requirement("demo", [newer], { version: "2.0" })]), first)).rejects.toThrow(
    "The parent has demo 1.0, and `row` wants 2.0",
  )
  const same = await bench.execute(pypiStep([requirement("demo", [demo], { version: "1.0.0" })]), first)
  expect(same.layers.length).toBe(first.layers.length)
})

test("conda's site-packages are used where conda is first on PATH, and nothing is made", async () => {
  await using bench = await benchWith([demo])
  const conda = debianImage("3.11.2", {
    "opt/conda/bin/python3.12": { content: "", mode: 0o755 },
    "opt/conda/bin/python3": { kind: "symlink", link: "python3.12" },
    "opt/conda/bin/python": { kind: "symlink", link: "python3.12" },
    "opt/conda/conda-meta/python-3.12.4-h123_0_cpython.json": "{}",
    "opt/conda/conda-meta/history": "",
  })
  const parent = await bench.parent({ ...conda, config: { ...conda.config, Env: ["PATH=/opt/conda/bin:/usr/bin"] } })
  const image = await bench.execute(pypiStep([requirement("demo", [demo])]), parent)
  const files = await placedFiles(image, parent.layers.length)
  expect(files.has("opt/conda/lib/python3.12/site-packages/demo/__init__.py")).toBe(true)
  expect(files.get("opt/conda/bin/demo")?.content.toString()).toMatch(/^#!\/opt\/conda\/bin\/python3\.12\n/)
  expect(image.config.Env).toEqual(["PATH=/opt/conda/bin:/usr/bin"])
  expect(image.config.Labels?.[environmentLabel]).toBe(
    '{"glibc":"2.36","kind":"conda","path":"/opt/conda","python":"3.12.4"}',
  )
})

test("a venv that a Dockerfile made is used where it is first on PATH", async () => {
  await using bench = await benchWith([demo])
  const venv = debianImage("3.11.2", {
    "srv/venv/bin/python3": { kind: "symlink", link: "/usr/bin/python3.11" },
    "srv/venv/bin/python": { kind: "symlink", link: "python3" },
    "srv/venv/pyvenv.cfg": "home = /usr/bin\nversion = 3.11.2\n",
  })
  const parent = await bench.parent({ ...venv, config: { Env: ["PATH=/srv/venv/bin:/usr/bin"] } })
  const image = await bench.execute(pypiStep([requirement("demo", [demo])]), parent)
  expect(
    (await placedFiles(image, parent.layers.length)).has("srv/venv/lib/python3.11/site-packages/demo/__init__.py"),
  ).toBe(true)
})

test("an environment behind a link is written where it really is, and the link stays", async () => {
  await using bench = await benchWith([demo])
  for (const [link, path] of [
    ["opt/venv", "/opt/venv"],
    ["opt", "/opt/venv"],
  ] as const) {
    const venv = debianImage("3.11.2", {
      "srv/venv/bin/python3": { kind: "symlink", link: "/usr/bin/python3.11" },
      "srv/venv/bin/python": { kind: "symlink", link: "python3" },
      "srv/venv/pyvenv.cfg": "home = /usr/bin\nversion = 3.11.2\n",
      [link]: { kind: "symlink", link: link === "opt" ? "srv" : "/srv/venv" },
    })
    const parent = await bench.parent({ ...venv, config: { Env: [`PATH=${path}/bin:/usr/bin`] } })
    const image = await bench.execute(pypiStep([requirement("demo", [demo])]), parent)
    const files = [...(await placedFiles(image, parent.layers.length)).keys()]
    expect(files).toContain("srv/venv/lib/python3.11/site-packages/demo/__init__.py")
    expect(files.filter((one) => one.startsWith("opt"))).toEqual([])
  }
})

test("a wheel that somebody replaced in the cache is not installed", async () => {
  await using bench = await benchWith([demo])
  const parent = await bench.parent(debianImage())
  const step = pypiStep([requirement("demo", [demo])])
  const digest = bench.digestOf(await bench.execute(step, parent))
  const evil = wheelOf({ name: "demo", version: "1.0", members: [{ path: "demo/evil.py", content: "evil" }] })
  const kept = join(bench.folder, "cache", "wheels", `${demo.sha256}.whl`)
  await bench.host.files.write(kept, evil.bytes)
  for (const folder of ["layers", "segments"]) await bench.host.files.remove(join(bench.folder, "cache", folder))
  expect(bench.digestOf(await bench.execute(step, parent))).toBe(digest)
  expect(Buffer.from(await bench.host.files.read(kept)).equals(demo.bytes)).toBe(true)
})

test("a name that a layer reads as a deletion is refused among files", async () => {
  await using bench = await nativeBench()
  const parent = await bench.parent(debianImage())
  const entries = [{ path: "/usr/.wh.bin", executable: false, sha256: "0".repeat(64) }]
  const step: Step = { kind: "files", format: 1, uid: 0, gid: 0, entries }
  await expect(bench.execute(step, parent)).rejects.toThrow("`/usr/.wh.bin` of `row` cannot be in an image")
})

const unusable: Record<string, [Image, string]> = {
  "no Python": [imageOf(layerOf({ "bin/sh": "" })), "has no Python on its PATH"],
  "half a Python": [
    imageOf(
      layerOf({ "usr/bin/python3": { kind: "symlink", link: "python3.11" }, "usr/bin/python3.11": { mode: 0o755 } }),
    ),
    "lacks its standard library",
  ],
  "a label that is none": [
    { ...debianImage(), config: { Labels: { [environmentLabel]: '{"path":"../x"}' } } },
    "is no environment",
  ],
  "a label of what is gone": [
    { ...debianImage(), config: { Labels: { [environmentLabel]: '{"kind":"venv","path":"/gone","python":"3.11"}' } } },
    "has no /gone/bin/python",
  ],
  "something else at /opt/env": [debianImage("3.11.2", { "opt/env/data": "x" }), "is no environment on its PATH"],
}

test.each(Object.entries(unusable))("a parent with %s is refused", async (_, [image, why]) => {
  await using bench = await benchWith([demo])
  const parent = await bench.parent(image)
  await expect(bench.execute(pypiStep([requirement("demo", [demo])]), parent)).rejects.toThrow(why)
})

test("a file of two packages is brought once, by the later name, and reported; RECORDs keep their rows", async () => {
  const both = (name: string): TestWheel =>
    wheelOf({ name, version: "1.0", members: [{ path: "tests/__init__.py", content: name }, { path: `${name}.py` }] })
  const wheels = [both("aa"), both("bb")]
  await using bench = await benchWith(wheels)
  const parent = await bench.parent(debianImage())
  const image = await bench.execute(pypiStep(["bb", "aa"].map((name) => requirement(name, wheels))), parent)
  const files = await placedFiles(image, parent.layers.length)
  expect(files.get(`${site}/tests/__init__.py`)?.content.toString()).toBe("bb")
  expect(files.get(`${site}/aa-1.0.dist-info/RECORD`)?.content.toString()).toContain("tests/__init__.py,sha256=")
  expect(bench.events.flatMap((event) => (event.kind === "note" ? [event.text] : []))).toEqual([
    `row: aa and bb both bring lib/python3.11/site-packages/tests/__init__.py; the later name counts`,
  ])
})

test("a wheel of a later minor version is a warning, each time", async () => {
  const later = wheelOf({ name: "demo", version: "1.0", wheelVersion: "1.1" })
  await using bench = await benchWith([later])
  const parent = await bench.parent(debianImage())
  for (let round = 0; round < 2; round++) await bench.execute(pypiStep([requirement("demo", [later])]), parent)
  const warning = {
    kind: "note",
    level: "warning",
    text: "row: demo-1.0-py3-none-any.whl is a wheel of version 1.1, and was installed as one of 1.0",
  }
  expect(bench.events.filter(({ kind }) => kind === "note")).toEqual([warning, warning])
})

test("a file of one package that is a folder of another is an error", async () => {
  const wheels = [
    wheelOf({ name: "aa", version: "1.0", members: [{ path: "x", content: "1" }] }),
    wheelOf({ name: "bb", version: "1.0", members: [{ path: "x/y.py" }] }),
  ]
  await using bench = await benchWith(wheels)
  const parent = await bench.parent(debianImage())
  await expect(bench.execute(pypiStep(["aa", "bb"].map((name) => requirement(name, wheels))), parent)).rejects.toThrow(
    "is a file of aa and a folder of bb",
  )
})

test("markers decide for the target, not for this machine", async () => {
  const arm = wheelOf({ name: "demo", version: "1.0", tag: "cp311-cp311-manylinux_2_17_aarch64" })
  await using bench = await benchWith([arm, other])
  const parent = await bench.parent(forPlatform(debianImage(), "linux/arm64"))
  const image = await bench.execute(
    pypiStep([
      requirement("demo", [arm], { marker: "platform_machine == 'aarch64'" }),
      requirement("other", [other], { marker: "sys_platform == 'win32'" }),
    ]),
    parent,
  )
  expect(image.platform).toBe("linux/arm64")
  expect([...(await placedFiles(image, 1)).keys()].filter((path) => path.endsWith("dist-info/RECORD"))).toEqual([
    `${site}/demo-1.0.dist-info/RECORD`,
  ])
})

test("the same step gives the same digest in other folders, at other times, with other thread counts, warm or cold", async () => {
  const wheels = ["aa", "bb", "cc", "dd", "ee", "ff"].map((name, index) =>
    wheelOf({
      name,
      version: "1.0",
      members: [
        {
          path: `${name}/data`,
          content: createHash("shake256", { outputLength: 1_500_000 + index })
            .update(name)
            .digest(),
        },
      ],
    }),
  )
  const requirements = wheels.map((wheel) => requirement(wheel.filename.slice(0, 2), [wheel]))
  const digests: string[] = []
  for (const [workers, umask, change] of [
    [1, 0o022, {}],
    [3, 0o077, { now: () => new Date("2040-02-03T04:05:06Z"), elapsed: () => 1e9 }],
  ] as const) {
    const before = process.umask(umask)
    try {
      await using bench = await benchWith(wheels, { workers, change })
      const parent = await bench.parent(debianImage())
      const shuffled = workers === 1 ? requirements : requirements.toReversed()
      for (let round = 0; round < 2; round++)
        digests.push(bench.digestOf(await bench.execute(pypiStep(shuffled), parent)))
      await bench.host.files.remove(join(bench.folder, "cache", "layers"))
      digests.push(bench.digestOf(await bench.execute(pypiStep(shuffled), parent)))
    } finally {
      process.umask(before)
    }
  }
  expect(new Set(digests).size).toBe(1)
})

test("a layer that is known but no longer in the store is made again; a damaged wheel is noticed and fetched again", async () => {
  await using bench = await benchWith([demo, other])
  const parent = await bench.parent(debianImage())
  const step = pypiStep([requirement("demo", [demo]), requirement("other", [other])])
  const digest = bench.digestOf(await bench.execute(step, parent))
  const { files } = bench.host
  await files.remove(join(bench.folder, "store"))
  const again = await bench.parent(debianImage())
  expect(bench.digestOf(await bench.execute(step, again))).toBe(digest)
  const kept = join(bench.folder, "cache", "wheels", `${demo.sha256}.whl`)
  const damaged = Buffer.from(demo.bytes)
  damaged.writeUInt8(damaged.readUInt8(70) ^ 0xff, 70)
  await files.write(kept, damaged)
  for (const folder of ["layers", "segments"]) await files.remove(join(bench.folder, "cache", folder))
  expect(bench.digestOf(await bench.execute(step, again))).toBe(digest)
  expect(Buffer.from(await files.read(kept)).equals(demo.bytes)).toBe(true)
})

test("a hostile wheel is refused by name, and nothing is left behind", async () => {
  const hostile = wheelOf({ name: "demo", version: "1.0", members: [{ path: "a", content: "/etc", mode: 0o120777 }] })
  await using bench = await benchWith([hostile])
  const parent = await bench.parent(debianImage())
  await expect(bench.execute(pypiStep([requirement("demo", [hostile])]), parent)).rejects.toThrow(
    "Cannot use demo-1.0-py3-none-any.whl: its member `a` is a symbolic link",
  )
  expect(await bench.host.files.list(join(bench.folder, "cache", "temporary"))).toEqual([])
})

test("files become one layer: folders only where the parent has none, links of the parent followed", async () => {
  await using bench = await nativeBench()
  const parent = await bench.parent(debianImage())
  const content = { text: Buffer.from("hello"), script: Buffer.alloc(3_000_000, "echo\n") }
  const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex")
  const step: Step = {
    kind: "files",
    format: 1,
    uid: 1000,
    gid: 100,
    entries: [
      { path: "/bin/tool", executable: true, sha256: hash(content.script) },
      { path: "/etc/new/deep/text", executable: false, sha256: hash(content.text) },
      { path: "/etc/new/link", executable: false, link: "deep/text" },
      { path: "/srv/empty", executable: false },
    ],
  }
  const image = await bench.execute(step, parent, content)
  const files = await placedFiles(image, parent.layers.length)
  expect([...files].map(([path, file]) => `${file.mode.toString(8)} ${file.uid}:${file.gid} ${path}`)).toEqual([
    "755 1000:100 etc",
    "755 1000:100 etc/new",
    "755 1000:100 etc/new/deep",
    "644 1000:100 etc/new/deep/text",
    "777 1000:100 etc/new/link",
    "755 1000:100 srv",
    "755 1000:100 srv/empty",
    "755 1000:100 usr/bin/tool",
  ])
  expect(files.get("usr/bin/tool")?.content.equals(content.script)).toBe(true)
  const [layer] = image.layers.slice(-1)
  const archive = Buffer.concat(await Array.fromAsync(layerArchive(layer!)))
  expect(`sha256:${createHash("sha256").update(archive).digest("hex")}`).toBe(layer?.diffId)
})

test("settings merge, replace and clear as the design says", async () => {
  await using bench = await nativeBench()
  const parent = await bench.parent({
    ...debianImage(),
    config: { Env: ["PATH=/usr/bin", "A=1"], Entrypoint: ["old"], Cmd: ["run"], Labels: { a: "1" }, User: "root" },
  })
  const step = (more: Partial<Extract<Step, { kind: "config" }>>): Step => ({
    kind: "config",
    format: 1,
    env: {},
    labels: {},
    ...more,
  })
  const image = await bench.execute(
    step({
      env: { PATH: "/x:${PATH}", B: "${A}${A}", A: "2" },
      labels: { b: "2" },
      user: "1000:100",
      workdir: "/w",
      entrypoint: ["tini"],
    }),
    parent,
  )
  expect(image.config).toEqual({
    Env: ["PATH=/x:/usr/bin", "A=2", "B=11"],
    Entrypoint: ["tini"],
    Labels: { a: "1", b: "2" },
    User: "1000:100",
    WorkingDir: "/w",
  })
  expect((await bench.execute(step({ command: ["lab"] }), image)).config).toMatchObject({
    Entrypoint: ["tini"],
    Cmd: ["lab"],
  })
  await expect(bench.execute(step({ env: { X: "${NOPE}" } }), parent)).rejects.toThrow("which its parent does not set")
})

test("an image of too many layers is refused", async () => {
  await using bench = await benchWith([demo])
  const layers = Array.from({ length: 98 }, (_, index) => layerOf({ [`l/${index}`]: `${index}` }))
  const full = debianImage()
  const parent = await bench.parent({ ...full, layers: [...full.layers, ...layers] })
  await expect(bench.execute(pypiStep([requirement("demo", [demo])]), parent)).rejects.toThrow(
    "fewer than 100 are allowed",
  )
})

test("the engine says what it cannot execute", async () => {
  await using bench = await nativeBench()
  const parent = await bench.parent(debianImage())
  const bootstrap: Step = {
    kind: "bootstrap",
    format: 1,
    suite: "bookworm",
    packages: [],
    locked: [],
    budget: { layer: 1, layers: 1 },
  }
  await expect(bench.execute(bootstrap, parent)).rejects.toThrow("was given a bootstrap")
})
