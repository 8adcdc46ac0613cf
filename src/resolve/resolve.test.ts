import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import { Failure } from "../failure.ts"
import type { Files } from "../host/files.ts"
import { makeHost } from "../host/node/host.ts"
import type { Outside } from "../lock/ask.ts"
import { writeLock } from "../lock/write-lock.ts"
import { keysOf } from "../plan/key.ts"
import { loadConfig, loadTree, renewLock } from "./load.ts"
import type { DockerfileStep, FilesStep } from "../tree/step.ts"

const real = makeHost(process.env)
const hash = "a".repeat(64)

/** A tree in a folder of its own; everything outside answers at once. */
async function makeTree(content: Readonly<Record<string, string>>) {
  const root = await real.files.makeTemporary("nbstacks-resolve-")
  const folder = join(root, "tree")
  for (const path of new Set(Object.keys(content).map((one) => dirname(one))))
    await real.files.makeDirectory(join(folder, path))
  // Not `write`, which waits for the disk.
  for (const [path, text] of Object.entries(content)) await real.files.append(join(folder, path), text)
  const reads: string[] = []
  const files: Files = {
    ...real.files,
    read: (path) => (reads.push(path), real.files.read(path)),
    stream: (path, range) => (reads.push(path), real.files.stream(path, range)),
  }
  const host = {
    ...real,
    files,
    env: { NBSTACKS_CACHE: join(root, "cache") },
    now: () => new Date(Date.now() + 10_000),
  }
  const outside: Outside = {
    resolveImage: async (_, platforms) => Object.fromEntries(platforms.map((one) => [one, `sha256:${hash}`])),
    resolveDebian: async ({ packages }) => packages.map((name) => ({ name, version: "1" })),
    hashUrl: async () => hash,
  }
  return {
    folder,
    host,
    reads,
    write: (path: string, text: string) => real.files.write(join(folder, path), text),
    load: () => loadTree(folder, host),
    lock: async (upgrade: boolean, date = "2026-11-21") => {
      const loaded = await loadConfig(folder, host)
      const { lock, moved } = await renewLock(loaded, host, {
        outside,
        upgrade,
        date,
        signal: new AbortController().signal,
      })
      await writeLock(folder, lock, host)
      return moved.map((one) => one.kind)
    },
    failure: async (): Promise<Failure> => {
      const error: unknown = await loadTree(folder, host).catch((caught: unknown) => caught)
      if (error instanceof Failure) return error
      throw new Error("no failure", { cause: error })
    },
    [Symbol.asyncDispose]: () => real.files.remove(root),
  }
}

const datahub = {
  "nbstacks.yaml": `version: 1
images:
  base:
    bootstrap: {suite: bookworm, packages: [python3, tini]}
    checks: {profile: none, commands: [python3 --version]}
  datascience:
    from: base
    environment: envs/ds
    env: {LANG: C.UTF-8}
    files: {settings/: /etc/jupyter/}
    checks: {profile: jupyter, kernels: [python3], imports: [numpy], notebooks: [nb/*.ipynb], paths: [/lab]}
  ml:
    from: datascience
    dockerfile: images/ml/Dockerfile
    matrix: {accelerator: {cpu: {TORCH: cpu}, gpu: {TORCH: cu126}}}
    checks: {imports: [torch], later: {gpu: {notebooks: [nb/a.ipynb]}}}
  tool:
    from: datascience
    dockerfile: images/tool/Dockerfile
`,
  "envs/ds/requirements.txt": `numpy==2.0 --hash=sha256:${hash}`,
  "settings/a.json": "{}",
  "settings/sub/b.json": "{}",
  "nb/a.ipynb": "{}",
  "nb/b.ipynb": "{ }",
  "images/ml/Dockerfile":
    "ARG BASE\nFROM $BASE\nARG TORCH\nCOPY ${TORCH}.txt /r.txt\nCOPY --from=tool /a /b\nRUN pip install -r /r.txt\n",
  "images/ml/cpu.txt": "torch",
  "images/ml/cu126.txt": "torch cuda",
  "images/ml/unused": "",
  "images/tool/Dockerfile": "FROM datascience\nCOPY --from=docker.io/x/y:1 /a /b\nADD https://h.example/z /z\n",
}

describe("a tree", () => {
  it("is resolved from files and the lock", async () => {
    await using tree = await makeTree(datahub)
    expect(await tree.lock(false)).toEqual(["image", "url", "debian", "debian"])
    const { images, sources } = await tree.load()
    expect(images.map(({ id, parent, uses }) => [id, parent.kind === "image" ? parent.id : parent.kind, uses])).toEqual(
      [
        ["base", "none", []],
        ["datascience", "base", []],
        ["tool", "datascience", []],
        ["ml:cpu", "datascience", ["tool"]],
        ["ml:gpu", "datascience", ["tool"]],
      ],
    )
    const kinds = images.map(({ steps }) => (steps["linux/amd64"] ?? []).map(({ kind }) => kind).join())
    expect(kinds).toEqual(["bootstrap", "pypi,files,config", "dockerfile", "dockerfile", "dockerfile"])
    const steps = images.map(({ steps: all }) => all["linux/amd64"]?.[0])
    expect(steps[0]).toMatchObject({
      suite: "bookworm",
      locked: [
        { name: "python3", version: "1" },
        { name: "tini", version: "1" },
      ],
    })
    expect(steps[2]).toMatchObject({
      external: { "docker.io/x/y:1": `sha256:${hash}` },
      urls: { "https://h.example/z": hash },
      rows: {},
    })
    const [cpu, gpu] = [steps[3] as DockerfileStep, steps[4] as DockerfileStep]
    expect([cpu.context.map(({ path }) => path), cpu.args, cpu.rows, cpu.refresh]).toEqual([
      ["cpu.txt"],
      { TORCH: "cpu" },
      { tool: "tool" },
      undefined,
    ])
    expect(gpu.context.map(({ path }) => path)).toEqual(["cu126.txt"])
    const files = images[1]?.steps["linux/amd64"]?.[1] as FilesStep
    expect(files.entries.map(({ path }) => path)).toEqual(["/etc/jupyter/a.json", "/etc/jupyter/sub/b.json"])
    expect([sources.get(cpu.dockerfile), sources.get(cpu.context[0]?.sha256 ?? "")]).toEqual([
      "images/ml/Dockerfile",
      "images/ml/cpu.txt",
    ])
  })

  it("has bytecode where it is asked for, which is a part of the key of what has packages", async () => {
    await using tree = await makeTree(datahub)
    await tree.lock(false)
    const keyed = async (defaults: string): Promise<ReadonlyMap<string, string>> => {
      await tree.write("nbstacks.yaml", `${datahub["nbstacks.yaml"]}${defaults}`)
      const loaded = await tree.load()
      const step = loaded.images[1]?.steps["linux/amd64"]?.[0]
      expect(step).toMatchObject({ kind: "pypi", bytecode: defaults.includes("all") ? "all" : "none" })
      return new Map([...keysOf(loaded)].map(([slot, { key }]) => [slot, key]))
    }
    const without = await keyed("")
    expect(await keyed("defaults: {bytecode: none}\n")).toEqual(without)
    const all = await keyed("defaults: {bytecode: all}\n")
    expect([...all].filter(([slot, key]) => without.get(slot) === key).map(([slot]) => slot)).toEqual([
      "base@linux/amd64",
    ])
  })

  it("inherits imports, kernels, commands and paths, neither notebooks nor later", async () => {
    await using tree = await makeTree(datahub)
    await tree.lock(false)
    const { images } = await tree.load()
    const ml = images.find(({ id }) => id === "ml:gpu")?.checks
    expect(ml).toMatchObject({
      profile: "jupyter",
      kernels: ["python3"],
      imports: { python3: ["numpy", "torch"] },
      notebooks: [],
      paths: [{ path: "/lab", status: 200 }],
      commands: [{ run: "python3 --version" }],
      later: { gpu: { notebooks: [{ path: "nb/a.ipynb" }] } },
    })
    expect(images.find(({ id }) => id === "tool")?.checks.later).toEqual({})
    expect(images[1]?.checks.notebooks.map(({ path }) => path)).toEqual(["nb/a.ipynb", "nb/b.ipynb"])
  })

  it("gives the same keys until something changes that a build sees", async () => {
    await using tree = await makeTree(datahub)
    await tree.lock(false)
    const keys = async () =>
      new Map([...keysOf(await tree.load())].map(([slot, { key }]) => [slot.split("@")[0] ?? "", key as string]))
    const before = await keys()
    const changed = async () => {
      const now = await keys()
      return [...now].filter(([id, key]) => before.get(id) !== key).map(([id]) => id)
    }
    await tree.write("images/ml/unused", "other")
    await tree.write("envs/ds/README.md", "other")
    await tree.write("envs/ds/requirements.txt", `# why\nNumPy == 2.0 \\\n  --hash=sha256:${hash}\n`)
    await tree.write("nb/a.ipynb", "{  }")
    expect(await changed()).toEqual([])
    await tree.write("images/ml/cu126.txt", "other")
    expect(await changed()).toEqual(["ml:gpu"])
    await tree.write(
      "images/tool/Dockerfile",
      "FROM datascience\n# other\nCOPY --from=docker.io/x/y:1 /a /b\nADD https://h.example/z /z\n",
    )
    expect(await changed()).toEqual(["tool", "ml:cpu", "ml:gpu"])
    await tree.write("envs/ds/requirements.txt", `numpy==2.1 --hash=sha256:${hash}`)
    expect(await changed()).toEqual(["datascience", "tool", "ml:cpu", "ml:gpu"])
  })

  it("has other keys where an environment may replace what its parent has, and only there", async () => {
    await using tree = await makeTree(datahub)
    await tree.lock(false)
    const keys = async () => [...keysOf(await tree.load()).values()].map(({ key }) => key)
    const write = (environment: string) =>
      tree.write(
        "nbstacks.yaml",
        datahub["nbstacks.yaml"].replace("environment: envs/ds", `environment: ${environment}`),
      )
    const plain = await keys()
    await write("{folders: [envs/ds], replace: false}")
    expect(await keys()).toEqual(plain)
    await write("{folders: envs/ds, replace: true}")
    const replacing = await keys()
    expect(replacing.map((key, index) => key === plain[index])).toEqual([true, false, false, false, false])
    const { images } = await tree.load()
    expect(images[1]?.steps["linux/amd64"]?.[0]).toMatchObject({ kind: "pypi", replace: true })
  })

  it("gives unlocked rows a refresh value when the lock is upgraded, and no other", async () => {
    await using tree = await makeTree(datahub)
    await tree.lock(false)
    expect(await tree.lock(true, "2026-11-28")).toEqual(["refresh", "refresh"])
    const { images } = await tree.load()
    const values = images.map(({ id, steps }) => [
      id,
      (steps["linux/amd64"]?.[0] as DockerfileStep | undefined)?.refresh,
    ])
    expect(values).toEqual([
      ["base", undefined],
      ["datascience", undefined],
      ["tool", undefined],
      ["ml:cpu", "2026-11-28"],
      ["ml:gpu", "2026-11-28"],
    ])
    expect(await tree.lock(false)).toEqual([])
  })

  it("passes ONBUILD on, through rows that are made otherwise", async () => {
    await using tree = await makeTree({
      "nbstacks.yaml": `version: 1
images:
  a: {from: docker.io/x/y:1, dockerfile: a/Dockerfile}
  b: {from: a, env: {X: "1"}}
  c: {from: b, dockerfile: c/Dockerfile}
`,
      "a/Dockerfile": "FROM x\nONBUILD COPY requirements.txt /",
      "c/Dockerfile": "FROM b",
      "c/requirements.txt": "x",
      "c/other": "x",
    })
    await tree.lock(false)
    const { images } = await tree.load()
    expect(
      (images[2]?.steps["linux/amd64"]?.[0] as DockerfileStep | undefined)?.context.map(({ path }) => path),
    ).toEqual(["requirements.txt"])
    expect(images[0]?.parent).toEqual({
      kind: "external",
      reference: "docker.io/x/y:1",
      locked: { "linux/amd64": `sha256:${hash}` },
    })
  })
})

describe("what is wrong", () => {
  it("is a lock that lacks something", async () => {
    await using tree = await makeTree(datahub)
    const failure = await tree.failure()
    expect([failure.code, failure.message, failure.hint, failure.detail]).toEqual([
      "cannot",
      "nbstacks.lock lacks docker.io/x/y:1 for linux/amd64 and 2 more",
      "Run `nbstacks lock`",
      "docker.io/x/y:1 for linux/amd64\nhttps://h.example/z\nthe Debian packages of base for linux/amd64",
    ])
  })

  it("is told all at once, with its places", async () => {
    await using tree = await makeTree({
      ...datahub,
      "envs/ds/requirements.txt": "numpy\n-i https://h.example\n",
      "images/ml/Dockerfile":
        "FROM datascience\nCOPY gone /x\nCOPY --from=datascience:none /a /b\nADD git@h.example:x/y /z\n",
      "settings/a.json": "",
    })
    await tree.write("nbstacks.yaml", datahub["nbstacks.yaml"].replace("nb/a.ipynb", "nb/none-*.ipynb"))
    const failure = await tree.failure()
    const heads = (failure.detail ?? "").split("\n").filter((line) => /^\S+:\d+:\d+: /.test(line))
    expect(heads).toEqual([
      "envs/ds/requirements.txt:1:1: numpy is not pinned to one version [requirements]",
      "envs/ds/requirements.txt:2:1: -i is not taken from a file: your own configuration says where packages come from [requirements]",
      "images/ml/Dockerfile:2:1: `gone` is not in the context [dockerfile-source]",
      "images/ml/Dockerfile:3:1: `datascience:none` may be `datascience`: write one of them [dockerfile-row]",
      "images/ml/Dockerfile:4:1: `git@h.example:x/y` is a Git repository without a commit [dockerfile-url]",
      "nbstacks.yaml:16:58: nothing matches `nb/none-*.ipynb` [no-match]",
    ])
  })

  it("is a circle of rows that copy from each other", async () => {
    await using tree = await makeTree({
      "nbstacks.yaml": `version: 1
images:
  a: {from: docker.io/x/y:1, dockerfile: a/Dockerfile}
  b: {from: docker.io/x/y:1, dockerfile: b/Dockerfile}
`,
      "a/Dockerfile": "FROM x\nCOPY --from=b / /",
      "b/Dockerfile": "FROM x\nCOPY --from=a / /",
    })
    expect((await tree.failure()).detail).toContain("rows go in a circle: a → b → a")
  })
})

it("resolves 1,000 rows without reading anything twice", async () => {
  const names = Array.from({ length: 1000 }, (_, index) => `c${index}`)
  await using tree = await makeTree({
    "nbstacks.yaml": `version: 1
images:
  base: {from: "docker.io/x/y:1", dockerfile: base/Dockerfile}
  classes:
    from: base
    matrix: {class: classes/*}
    dockerfile: Dockerfile
    context: .
    args: {CLASS: "{class}"}
`,
    "base/Dockerfile": "FROM x",
    Dockerfile: "FROM base\nARG CLASS\nCOPY common classes/${CLASS} /\nRUN true\n",
    "common/a": "",
    ...Object.fromEntries(names.map((name) => [`classes/${name}/requirements.txt`, name])),
  })
  await tree.lock(false)
  await tree.load()
  tree.reads.length = 0
  const resolved = await tree.load()
  expect(resolved.images.length).toBe(1001)
  expect(tree.reads.filter((path) => path.includes("/classes/") || path.includes("/common/"))).toEqual([])
  expect(new Set(tree.reads).size).toBe(tree.reads.length)
})

describe("problems of files", () => {
  const broken = `version: 1
images:
  base: {bootstrap: {suite: bookworm, packages: [python3]}}
  b: {from: base, env: {A: b}, user: [1]}
  c: {from: base, files: [{from: nofile, to: /x}], checks: {profile: jupyter, notebooks: [none/*.ipynb]}}
  d: {from: base, environment: envs/d}
  e: {from: base, environment: nowhere}
  f: {from: base, dockerfile: f/Dockerfile, context: nocontext}
`
  const said = async (load: Promise<unknown>): Promise<readonly string[]> => {
    const error: unknown = await load.catch((caught: unknown) => caught)
    if (!(error instanceof Failure)) throw new Error("no failure", { cause: error })
    return [...(error.detail ?? "").matchAll(/^nbstacks\.yaml:(\d+).*\[(.*)\]$/gm)].map(
      ([, line, rule]) => `${line} ${rule}`,
    )
  }
  const files = { "envs/d/x": "", "f/Dockerfile": "FROM base\nCOPY a /a\n" }
  const ofFiles = ["5 no-match", "5 no-match", "6 environment"]

  it("are told in the run that tells those of the configuration", async () => {
    await using tree = await makeTree({ "nbstacks.yaml": broken, ...files })
    const all = ["4 wrong-type", ...ofFiles, "7 missing-environment", "8 missing-context"]
    expect(await said(loadConfig(tree.folder, tree.host))).toEqual(all)
    expect(await said(loadTree(tree.folder, tree.host))).toEqual(all)
  })

  it("are told without a lock, and alone", async () => {
    const mended = broken.split("\n").filter((line) => !/^ {2}[bef]:/.test(line))
    await using tree = await makeTree({ "nbstacks.yaml": mended.join("\n"), ...files })
    const all = ["4 no-match", "4 no-match", "5 environment"]
    expect(await said(loadConfig(tree.folder, tree.host))).toEqual(all)
    expect(await said(loadTree(tree.folder, tree.host))).toEqual(all)
  })
})
