import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { viewFolder } from "../files/folder-view.ts"
import { makeHost } from "../host/node/host.ts"
import { analyse } from "./analyse.ts"
import { readContext } from "./context.ts"
import { makeIgnore, readIgnore } from "./ignore.ts"
import { goPattern } from "./pattern.ts"

const host = makeHost(process.env)
const uncached = { get: () => undefined, set: () => undefined, save: async () => undefined }

/** A context below `c` with files, and links as `-> target`. */
async function makeContext(content: Readonly<Record<string, string>>) {
  const folder = await host.files.makeTemporary("nbstacks-context-")
  for (const [path, text] of Object.entries(content)) {
    const place = join(folder, "c", path)
    await host.files.makeDirectory(join(place, ".."))
    if (text.startsWith("-> ")) await host.files.symlink(text.slice(3), place)
    else if (path.endsWith("/")) await host.files.makeDirectory(place)
    else await host.files.write(place, text)
  }
  const read = async (lines: string) => {
    const view = viewFolder(folder, host, uncached)
    const options = { file: "c/Dockerfile", args: {}, target: undefined, platform: "linux/amd64" as const }
    const { sources } = analyse(`FROM base\n${lines}`, options)
    const ignore = await readIgnore(view, "c/Dockerfile", "c")
    return readContext(view, { context: "c", ignore, sources, file: "c/Dockerfile" })
  }
  return {
    folder,
    read,
    paths: async (lines: string) =>
      (await read(lines)).entries.map(({ path, link }) => (link === undefined ? path : `${path} -> ${link}`)),
    problems: async (lines: string) =>
      (await read(lines)).problems.map(({ at, message }) => `${at.file}:${at.line} ${message}`),
    [Symbol.asyncDispose]: () => host.files.remove(folder),
  }
}

const classes = {
  Dockerfile: "FROM base",
  ".dockerignore": "secret\n*.log\n",
  "requirements/classes/phys/r.txt": "numpy",
  "requirements/classes/math/r.txt": "sympy",
  "requirements/common.txt": "ipykernel",
  "a.log": "",
  "logs/only.log": "",
  "sub/b.log": "",
  "secret/key": "",
  "empty/": "",
}

describe("the files that a build can see", () => {
  it("are those that its sources name", async () => {
    await using context = await makeContext(classes)
    expect(await context.paths("ARG CLASS=phys\nCOPY requirements/classes/${CLASS} /r")).toEqual([
      "requirements/classes/phys/r.txt",
    ])
    expect(await context.paths("COPY requirements/classes/*/r.txt requirements/common.txt /r/")).toEqual([
      "requirements/classes/math/r.txt",
      "requirements/classes/phys/r.txt",
      "requirements/common.txt",
    ])
    expect(await context.paths("RUN --mount=type=bind,source=requirements/common.txt,target=/r true")).toEqual([
      "requirements/common.txt",
    ])
    expect(await context.paths("COPY req[t-u]irements/com?on.txt requirement[^a]/common.txt /")).toEqual([
      "requirements/common.txt",
    ])
    expect(await context.paths("RUN true")).toEqual([])
    expect(await context.paths("COPY ../../requirements/./common.txt /")).toEqual(["requirements/common.txt"])
    expect(await context.paths("COPY /requirements/common.txt /")).toEqual(["requirements/common.txt"])
  })

  it("are all but what is ignored for COPY . .", async () => {
    await using context = await makeContext(classes)
    expect(await context.paths("COPY . .")).toEqual([
      ".dockerignore",
      "Dockerfile",
      "empty",
      "logs/only.log",
      "requirements/classes/math/r.txt",
      "requirements/classes/phys/r.txt",
      "requirements/common.txt",
      "sub/b.log",
    ])
    await host.files.write(
      join(context.folder, "c/.dockerignore"),
      "**/*.log\n!sub/b.log\n.dockerignore\nDockerfile\nrequirements\n!requirements/common.txt\nempty",
    )
    expect(await context.paths("COPY . .")).toEqual(["logs", "requirements/common.txt", "secret/key", "sub/b.log"])
    expect(await context.paths("COPY requirements /")).toEqual(["requirements/common.txt"])
    await host.files.write(join(context.folder, "c/Dockerfile.dockerignore"), "*\n!a.log")
    expect(await context.paths("COPY . .")).toEqual(["a.log"])
  })

  it("do not change with what is hidden or not named", async () => {
    await using context = await makeContext(classes)
    const line = "COPY requirements/classes/phys logs /x/"
    const before = await context.read(line)
    await host.files.write(join(context.folder, "c/requirements/classes/math/r.txt"), "other")
    await host.files.write(join(context.folder, "c/secret/more"), "other")
    await host.files.write(join(context.folder, "c/Dockerfile"), "FROM other")
    await host.files.setMode(join(context.folder, "c/requirements/classes/phys/r.txt"), 0o600)
    expect(await context.read(line)).toEqual(before)
    await host.files.write(join(context.folder, "c/requirements/classes/phys/r.txt"), "other")
    expect(await context.read(line)).not.toEqual(before)
  })

  it("say what is not there", async () => {
    await using context = await makeContext(classes)
    expect(
      await context.problems(
        "COPY gone secret/key a.log /x/\nCOPY requirements/*.nothing /y/\nRUN --mount=source=q,target=/q true",
      ),
    ).toEqual([
      "c/Dockerfile:2 `gone` is not in the context",
      "c/Dockerfile:2 `secret/key` is not in the context",
      "c/Dockerfile:2 `a.log` is not in the context",
      "c/Dockerfile:4 `q` is not in the context",
    ])
    expect(await context.problems("COPY a[ /x")).toEqual(["c/Dockerfile:2 `a[` is no pattern that Docker understands"])
    expect((await context.read("COPY gone /")).problems[0]?.hint).toBe("c/.dockerignore may hide it")
  })

  it("leave out --exclude, and know ** with --parents", async () => {
    await using context = await makeContext(classes)
    expect(await context.paths("COPY --exclude=classes/m* requirements /r")).toEqual([
      "requirements/classes/phys/r.txt",
      "requirements/common.txt",
    ])
    expect(await context.paths("COPY --exclude=*.txt requirements/common.txt /r")).toEqual([])
    expect(await context.paths("COPY --parents **/r.txt /r")).toEqual([
      "requirements/classes/math/r.txt",
      "requirements/classes/phys/r.txt",
    ])
    expect(await context.paths("COPY **/r.txt /r")).toEqual([])
  })

  it("keep links, and follow those on the way without leaving the context", async () => {
    await using context = await makeContext({
      "real/deep/f": "1",
      "real/deep/inner": "-> ../../../outside",
      link: "-> real",
      up: "-> ../../../real/deep/f",
      absolute: "-> /real/deep",
      circle: "-> circle",
      out: "-> /etc/passwd",
      "globbed/one": "-> ../real/deep/f",
    })
    expect(await context.paths("COPY link/deep/f /")).toEqual(["link -> real", "real/deep/f"])
    expect(await context.paths("COPY up /")).toEqual(["real/deep/f", "up -> ../../../real/deep/f"])
    expect(await context.paths("COPY absolute /")).toEqual([
      "absolute -> /real/deep",
      "real/deep/f",
      "real/deep/inner -> ../../../outside",
    ])
    expect(await context.paths("COPY link/*/f glob*/* /x/")).toEqual([
      "globbed/one -> ../real/deep/f",
      "link -> real",
      "real/deep/f",
    ])
    expect(await context.problems("COPY circle /\nCOPY out /")).toEqual([
      "c/Dockerfile:2 `circle` is not in the context",
      "c/Dockerfile:3 `out` is not in the context",
    ])
    expect(await context.paths("COPY . /")).toContain("out -> /etc/passwd")
  })
})

describe(".dockerignore", () => {
  const hidden = (pattern: string, path: string): boolean =>
    makeIgnore(pattern.split("\n"), ".dockerignore").hidden(path)

  it.each([
    ["a", "a/b/c", true],
    ["/a/", "a/b", true],
    ["a/*", "a", false],
    ["A", "a", false],
    ["*.md\n!README.md", "README.md", false],
    ["**/x", "a/b/x", true],
    ["**", "a/b", true],
    ["a/**\n!a/b", "a/b", false],
    ["# x", "# x", false],
    ["file(1).txt", "file(1).txt", true],
    ["c++", "c++", true],
    ["a{b}|c^", "a{b}|c^", true],
    ["[ab].txt", "a.txt", true],
    ["[^a].txt", "a.txt", false],
    ["te?t", "test", true],
    ["  spaced  ", "spaced", true],
  ])("%j hides %j: %s", (pattern, path, expected) => {
    expect(hidden(pattern, path)).toBe(expected)
  })

  it("refuses a pattern that cannot be read", () => {
    expect(() => makeIgnore(["a[b"], "x/.dockerignore")).toThrow("x/.dockerignore has a pattern that cannot be read")
  })
})

it.each([
  ["a*c", "abc", true],
  ["a*c", "a/c", false],
  ["a?c", "a/c", false],
  ["[a-c]x", "bx", true],
  ["[^a-c]x", "/x", false],
  ["[\\]]", "]", true],
  ["[[]0]", "[0]", true],
  ["a\\*", "a*", true],
  ["a\\*", "ab", false],
  ["a.c", "abc", false],
  ["**", "a/b", false],
])("Go's pattern %j on %j: %s", (pattern, path, expected) => {
  expect(goPattern(pattern, false)?.test(path)).toBe(expected)
})

it.each(["[", "[a", "a\\", "[]a"])("%j is no pattern of Go's", (pattern) => {
  expect(goPattern(pattern, false)).toBe(undefined)
})
