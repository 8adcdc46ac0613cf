import { join } from "node:path"
import { existsSync } from "node:fs"
import { readdir } from "node:fs/promises"
import { describe, expect, it } from "vitest"
import { viewFolder } from "../files/folder-view.ts"
import { makeHost } from "../host/node/host.ts"
import { readEnvironment } from "./read-environment.ts"
import { readRequirements } from "./read-requirements.ts"

const host = makeHost(process.env)
const uncached = { get: () => undefined, set: () => undefined, save: async () => undefined }
const [a, b] = ["a".repeat(64), "b".repeat(64)]

async function makeTree(content: Readonly<Record<string, string>>) {
  const folder = await host.files.makeTemporary("nbstacks-environment-")
  for (const [path, text] of Object.entries(content)) await host.files.write(join(folder, path), text)
  const view = viewFolder(folder, host, uncached)
  const placed = (value: string) => ({ value, at: { file: "nbstacks.yaml", line: 3, column: 5 } })
  return {
    view,
    read: (...folders: string[]) => readEnvironment(view, folders.map(placed)),
    [Symbol.asyncDispose]: () => host.files.remove(folder),
  }
}

/** Reads one requirements.txt; gives problems as lines, or the requirements. */
async function readOne(text: string) {
  await using tree = await makeTree({ "e/requirements.txt": text })
  const { requirements, problems } = await tree.read("e")
  return problems.length > 0 ? problems.map(({ at, message }) => `${at.file}:${at.line} ${message}`) : requirements
}

describe("requirements.txt", () => {
  it("reads pins with hashes, extras, markers, comments and continuations", async () => {
    const text = `\uFEFF# made by a tool
--require-hashes
Zope.Interface==6.0 \\
    --hash="sha256:${b}" \\
    --hash=sha256:${a.toUpperCase()}
    # via something
uvicorn[standard, Extra_One]==0.30.0 ; python_version >= "3.8" and  sys_platform == 'linux' --hash=sha256:${a} # why
six===1.16.0\\
 --hash=sha256:${a} --hash=sha512:${b}
`
    expect(await readOne(text)).toEqual([
      { name: "six", version: "1.16.0", extras: [], hashes: [`sha256:${a}`] },
      {
        name: "uvicorn",
        version: "0.30.0",
        extras: ["extra-one", "standard"],
        marker: `python_version >= "3.8" and sys_platform == "linux"`,
        hashes: [`sha256:${a}`],
      },
      { name: "zope-interface", version: "6.0", extras: [], hashes: [`sha256:${a}`, `sha256:${b}`] },
    ])
  })

  it("keeps the parts of a local version", async () => {
    const found = await readOne(`torch==2.0+CU118.x-1 --hash=sha256:${a}\n`)
    expect(found).toMatchObject([{ version: "2.0+cu118.x.1" }])
  })

  it("reads wheels by their URLs, as pip-compile and uv write them", async () => {
    const text = `iniconfig @ http://127.0.0.1:18923/iniconfig-2.0.0-py3-none-any.whl ; sys_platform == 'linux' \\
    --hash=sha256:${a}
    # via -r in.in
Zope.Interface[test]@ HTTPS://Host.example/%7Efiles/@x/zope_interface-6.0%2Blocal.1-2-cp311-cp311-linux_x86_64.whl#sha256=${a.toUpperCase()}
b @ https://x/b-1.00-py2.py3-none-any.whl#egg=b&sha256=${b} --hash=sha256:${b} # why
`
    expect(await readOne(text)).toEqual([
      {
        name: "b",
        version: "1.0",
        url: "https://x/b-1.00-py2.py3-none-any.whl",
        extras: [],
        hashes: [`sha256:${b}`],
      },
      {
        name: "iniconfig",
        version: "2.0.0",
        url: "http://127.0.0.1:18923/iniconfig-2.0.0-py3-none-any.whl",
        extras: [],
        marker: `sys_platform == "linux"`,
        hashes: [`sha256:${a}`],
      },
      {
        name: "zope-interface",
        version: "6.0+local.1",
        url: "https://Host.example/%7Efiles/@x/zope_interface-6.0%2Blocal.1-2-cp311-cp311-linux_x86_64.whl",
        extras: ["test"],
        hashes: [`sha256:${a}`],
      },
    ])
  })

  it("gives the same for another order, other comments and other spelling", async () => {
    const one = await readOne(`a==1 --hash=sha256:${a}\nb==2.0 --hash=sha256:${b} --hash=sha256:${a}`)
    const two = await readOne(
      `# x\nB == 2.0 \\\n --hash=sha256:${a} \\\n --hash=sha256:${b}\n\nA==1 --hash=sha256:${a}`,
    )
    expect(two).toEqual(one)
  })

  it.each([
    ["numpy", "numpy is not pinned to one version"],
    ["numpy>=1", "numpy is not pinned to one version"],
    ["numpy==1.*", "numpy is not pinned to one version"],
    ["numpy==1.0,!=1.1", "numpy is not pinned to one version"],
    ["numpy==1.0", "numpy has no hash"],
    ["numpy==1.0 --hash=md5:abc", "`md5:abc` is not a sha256 hash"],
    ["numpy==1.0 --hash=sha256:abc", "`sha256:abc` is not a sha256 hash"],
    [`numpy==1.0 --hash=sha512:${a}`, "only sha256 hashes can be used, and there is none"],
    [`numpy==1.0 ; os == 1 --hash=sha256:${a}`, "`os == 1` is not an environment marker"],
    [`numpy==1.0 --config-settings=x --hash=sha256:${a}`, "`--config-settings` is not understood"],
    [
      "--index-url https://x/simple",
      "--index-url is not taken from a file: your own configuration says where packages come from",
    ],
    ["-i https://x/simple", "-i is not taken from a file: your own configuration says where packages come from"],
    ["-e .", "an editable package cannot be locked"],
    ["-c c.txt", "constraints are not read: everything is pinned already"],
    ["--pre", "--pre is not understood"],
    ["./local", "`./local` is a file or a URL"],
    ["git+https://x/y.git", "`git+https://x/y.git` is a file or a URL"],
    ["https://u:p@x/y-1-py3-none-any.whl", "`https://x/y-1-py3-none-any.whl` has no name"],
    ["https://x/y-1-py3-none-any.whl?token=p", "`https://x/y-1-py3-none-any.whl` is a file or a URL"],
    ["https://u:p@x/y-1.tar.gz", "`https://x/y-1.tar.gz` is a file or a URL"],
    ["-r https://u:p@x/y.txt", "-r https://x/y.txt leaves the environment's folder"],
    ["y @ https://x/y.whl", "the URL of y names y.whl, which is no wheel of y"],
    ["y @ https://x/z-1-py3-none-any.whl", "the URL of y names z-1-py3-none-any.whl, which is no wheel of y"],
    ["y @ https://x/y-one-py3-none-any.whl", "the URL of y names y-one-py3-none-any.whl, which is no wheel of y"],
    ["y @ https://x/a%2Fy-1-py3-none-any.whl", "the URL of y names a/y-1-py3-none-any.whl, which is no wheel of y"],
    ["y @ https://x/y-1.tar.gz", "y comes from a URL that names no wheel"],
    ["y @ https://x/y-1-py3-none-any.whl", "y has no hash"],
    ["y @ https://x/y-1-py3-none-any.whl#md5=00", "the URL of y has a fragment that is not understood"],
    ["y @ https://x/y-1-py3-none-any.whl#sha256=00", "the URL of y has a fragment that is not understood"],
    [
      `y @ https://x/y-1-py3-none-any.whl --hash=sha256:${a} --hash=sha256:${b}`,
      "y has several hashes, and its URL has one file",
    ],
    [
      `y @ https://x/y-1-py3-none-any.whl#sha256=${a} --hash=sha256:${b}`,
      "y has several hashes, and its URL has one file",
    ],
    ["y @ https://u:p@x/y-1-py3-none-any.whl", "the URL of y has a login or a variable in it"],
    ["y @ https://u@x/y-1-py3-none-any.whl", "the URL of y has a login or a variable in it"],
    ["y @ https://@x/y-1-py3-none-any.whl", "the URL of y has a login or a variable in it"],
    ["y @ https://x/${TOKEN}/y-1-py3-none-any.whl", "the URL of y has a login or a variable in it"],
    ["y @ https://x/y-1-py3-none-any.whl?token=p", "the URL of y has a query, which can hold a login"],
    ["y @ https:///y-1-py3-none-any.whl", "what follows `y @` is not a URL"],
    ["y @ https:x/y-1-py3-none-any.whl", "what follows `y @` is not a URL"],
    ["y @ https://x\\y-1-py3-none-any.whl", "what follows `y @` is not a URL"],
    ["y @ https://x/ü/y-1-py3-none-any.whl", "what follows `y @` is not a URL"],
    ["y @ https://x/y-1-py3-none-any.whl;os_name=='posix'", "what follows `y @` is not a URL"],
    ["y @ https://x:99999/y-1-py3-none-any.whl", "what follows `y @` is not a URL"],
    ["y @ https://x/y-1-py3-none-any.whl ; os == 1", "`os == 1` is not an environment marker"],
    ["y @ https://x/y-1-py3-none-any.whl ==1", "`y @ https://x/y-1-py3-none-any.whl ==1` is not a requirement"],
    ["y @ git+https://u:p@x/y.git", "y comes from `git+https:`, which has no hash"],
    ["y[z] @ file:///x/y-1-py3-none-any.whl", "y comes from a file of this machine"],
    ["y @ ./y-1-py3-none-any.whl", "y comes from a file of this machine"],
    ["y @", "`y @` is not a requirement"],
    ["file:///x/y-1-py3-none-any.whl", "`file:///x/y-1-py3-none-any.whl` is a file or a URL"],
    ["!!!", "`!!!` is not a requirement"],
    ["-r ../other.txt", "-r ../other.txt leaves the environment's folder"],
    ["-r /etc/passwd", "-r /etc/passwd leaves the environment's folder"],
    ["-r gone.txt", "-r gone.txt is not there"],
    ["-r requirements.txt", "-r requirements.txt goes in a circle: e/requirements.txt → e/requirements.txt"],
  ])("refuses %s", async (line, message) => {
    expect(await readOne(`# first\n${line}\n`)).toEqual([`e/requirements.txt:2 ${message}`])
  })

  it("follows -r once, and finds circles over several files", async () => {
    await using tree = await makeTree({
      "e/requirements.txt": "-r parts/a.txt\n-r parts/b.txt\n",
      "e/parts/a.txt": `-r b.txt\na==1 --hash=sha256:${a}`,
      "e/parts/b.txt": `b==1 --hash=sha256:${b}`,
      "f/requirements.txt": "-r a.txt",
      "f/a.txt": "\n-r requirements.txt",
    })
    const good = await tree.read("e")
    expect([good.requirements.map(({ name }) => name), good.problems]).toEqual([["a", "b"], []])
    const { problems } = await tree.read("f")
    expect(problems.map(({ at, message }) => `${at.file}:${at.line} ${message}`)).toEqual([
      "f/a.txt:2 -r requirements.txt goes in a circle: f/requirements.txt → f/a.txt → f/requirements.txt",
    ])
  })

  it("says the same thing five times at most", async () => {
    const lines = (await readOne(Array.from({ length: 30 }, (_, index) => `p${index}==1`).join("\n"))) as string[]
    expect(lines.length).toBe(5)
    expect(lines.at(-1)).toBe("e/requirements.txt:5 p4 has no hash, as are 25 more in this file")
  })
})

describe("folders", () => {
  it("joins several, and names both places of two versions", async () => {
    await using tree = await makeTree({
      "x/requirements.txt": `a==1 --hash=sha256:${a}\nb==1 --hash=sha256:${a}`,
      "y/requirements.txt": `a==1 --hash=sha256:${b}\n\nb==2 --hash=sha256:${b}\nc==1 ; os_name=="nt" --hash=sha256:${a}\nc==2 ; os_name!="nt" --hash=sha256:${a}`,
    })
    const { requirements, problems } = await tree.read("x", "y")
    expect(requirements.find(({ name }) => name === "a")?.hashes).toEqual([`sha256:${a}`, `sha256:${b}`])
    expect(requirements.filter(({ name }) => name === "c").map(({ version }) => version)).toEqual(["1", "2"])
    expect(problems).toEqual([
      {
        at: { file: "y/requirements.txt", line: 3, column: 1 },
        rule: "two-versions",
        message: "b is 2 here and 1 in x/requirements.txt:2",
        hint: "Compile both lists together, so that they agree",
      },
    ])
  })

  it("joins a wheel by its URL with the same one only", async () => {
    const url = "https://x/a-1-py3-none-any.whl"
    await using tree = await makeTree({
      "x/requirements.txt": `a @ ${url} --hash=sha256:${a}`,
      "y/requirements.txt": `a[more] @ ${url}#sha256=${a}`,
      "index/requirements.txt": `a==1 --hash=sha256:${a}`,
      "other/requirements.txt": `a @ ${url}#sha256=${b}`,
      "marked/requirements.txt": `a==1 ; os_name == "posix" --hash=sha256:${a}`,
    })
    const { requirements, problems } = await tree.read("x", "y")
    expect([requirements, problems]).toEqual([
      [{ name: "a", version: "1", url, extras: ["more"], hashes: [`sha256:${a}`] }],
      [],
    ])
    const messages = async (folder: string) => (await tree.read("x", folder)).problems.map(({ message }) => message)
    const there = `1 from ${url} with sha256:${a} in x/requirements.txt:1`
    expect(await messages("index")).toEqual([`a is 1 here and ${there}`])
    expect(await messages("other")).toEqual([`a is 1 from ${url} with sha256:${b} here and ${there}`])
    expect(await messages("marked")).toEqual([`a is 1 here and always ${there}`])
  })

  it("refuses what it would have to leave out", async () => {
    await using tree = await makeTree({
      "e/requirements.txt": `a==1 --hash=sha256:${a}`,
      "e/apt.txt": "git",
      "e/postBuild": "#!/bin/sh",
      "none/README.md": "",
      "conda/environment.yml": "dependencies: [numpy]",
    })
    const messages = async (folder: string) =>
      (await tree.read(folder)).problems.map(({ at, message }) => `${at.file} ${message}`)
    const because = "is not read yet, and leaving it out would give another environment"
    expect(await messages("e")).toEqual([`e/apt.txt apt.txt ${because}`, `e/postBuild postBuild ${because}`])
    expect(await messages("none")).toEqual(["nbstacks.yaml there is no requirements.txt in `none`"])
    expect(await messages("conda")).toEqual([`conda/environment.yml environment.yml ${because}`])
  })
})

/** A folder of real files from public repositories, beside the checkout unless told. */
const corpora = process.env["NBSTACKS_CORPORA"] ?? join(import.meta.dirname, "../../../shared/corpora")

describe.skipIf(!existsSync(corpora))("real files", () => {
  it("reads every requirements file, or refuses it with clear sentences that name file and line", async () => {
    const names = await readdir(corpora, { recursive: true })
    const files = names.filter((name) => /requirements[^/]*\.txt$|\.pip$/.test(name)).sort()
    expect(files.length).toBeGreaterThan(20)
    const view = viewFolder(corpora, host, uncached)
    let read = 0
    for (const file of files) {
      const { found, problems } = await readRequirements(view, { file, folder: file.slice(0, file.lastIndexOf("/")) })
      read += found.length
      for (const { at, message } of problems) {
        expect(at.file.startsWith(file.slice(0, file.lastIndexOf("/")))).toBe(true)
        expect(at.line).toBeGreaterThan(0)
        expect(message).toMatch(/^\S.{10,}[^.\s]$/)
      }
      const text = (await view.text(file)) ?? ""
      const wanted = text.split("\n").filter((line) => /^[A-Za-z0-9]/.test(line)).length
      expect([file, wanted === 0 || found.length + problems.length > 0]).toEqual([file, true])
    }
    expect(read).toBeGreaterThan(300)
  })
})
