import { dirname, join } from "node:path"
import * as fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { analyse } from "../../src/dockerfile/analyse.ts"
import { readContext } from "../../src/dockerfile/context.ts"
import { readIgnore } from "../../src/dockerfile/ignore.ts"
import { viewFolder } from "../../src/files/folder-view.ts"
import { hashFiles } from "../../src/files/hash-files.ts"
import { everything, walk } from "../../src/files/walk.ts"
import { makeHost } from "../../src/host/node/host.ts"
import type { FileEntry } from "../../src/tree/step.ts"
import { startDocker, type TestDocker } from "../support/docker.ts"

const plain = makeHost(process.env)
const uncached = { get: () => undefined, set: () => undefined, save: async () => undefined }
let docker: TestDocker
let folder: string
let count = 0

beforeAll(async () => {
  docker = await startDocker()
  folder = await plain.files.makeTemporary("nbstacks-dockerfile-")
})

afterAll(async () => {
  await docker?.[Symbol.asyncDispose]()
  if (folder !== undefined) await plain.files.remove(folder)
})

/** Files by path: text, `-> target` for a link, nothing after a `/` for an empty folder. */
type Content = Readonly<Record<string, string>>

async function lay(at: string, content: Content): Promise<string> {
  await plain.files.makeDirectory(at)
  for (const [path, text] of Object.entries(content)) {
    const place = join(at, path)
    await plain.files.makeDirectory(dirname(place))
    if (path.endsWith("/")) await plain.files.makeDirectory(place)
    else if (text.startsWith("-> ")) await plain.files.symlink(text.slice(3), place)
    else await plain.files.write(place, text)
  }
  return at
}

/** Everything in a folder, by path. */
async function entriesOf(at: string): Promise<readonly FileEntry[]> {
  const view = viewFolder(at, plain, uncached)
  return hashFiles(view, await walk(view, "", everything))
}

/** What Docker makes of a Dockerfile and a context, or undefined when it refuses. */
async function build(
  context: string,
  dockerfile: string,
  args: Content = {},
): Promise<readonly FileEntry[] | undefined> {
  const out = join(folder, `out-${count++}`)
  const given = Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`])
  const { code } = await docker.host.run({
    argv: [
      "/usr/bin/docker",
      "build",
      "--no-cache",
      ...given,
      "--output",
      `type=local,dest=${out}`,
      "-f",
      dockerfile,
      context,
    ],
    env: { ...docker.host.env, DOCKER_BUILDKIT: "1" },
    timeout: 120_000,
  })
  return code === 0 ? entriesOf(out) : undefined
}

/** What we say the build can see. */
async function look(context: string, dockerfile: string, args: Content = {}) {
  const view = viewFolder(context, plain, uncached)
  const text = await plain.files.readText(join(context, dockerfile))
  const { sources, problems } = analyse(text, { file: dockerfile, args, target: undefined, platform: "linux/amd64" })
  const ignore = await readIgnore(view, dockerfile, "")
  const seen = await readContext(view, { context: "", ignore, sources, file: dockerfile })
  return { entries: seen.entries, problems: [...problems, ...seen.problems] }
}

/** Builds from all files, and from those alone that we count: both have to give the same. */
async function compare(content: Content, args: Content = {}) {
  const name = `case-${count++}`
  const all = await lay(join(folder, name), content)
  const { entries, problems } = await look(all, "Dockerfile", args)
  const counted = await lay(join(folder, `${name}-counted`), {})
  for (const { path, link, sha256 } of entries) {
    const place = join(counted, path)
    await plain.files.makeDirectory(dirname(place))
    if (link !== undefined) await plain.files.symlink(link, place)
    else if (sha256 === undefined) await plain.files.makeDirectory(place)
    else await plain.files.write(place, await plain.files.read(join(all, path)))
  }
  const full = await build(all, join(all, "Dockerfile"), args)
  // The Dockerfile is given apart, under a name that no .dockerignore goes with.
  await plain.files.write(join(folder, `${name}.txt`), await plain.files.read(join(all, "Dockerfile")))
  await plain.files.remove(join(counted, ".dockerignore"))
  const some = await build(counted, join(folder, `${name}.txt`), args)
  return { full, some, entries, problems }
}

const tree: Content = {
  "requirements/classes/phys/r.txt": "numpy",
  "requirements/classes/math/r.txt": "sympy",
  "requirements/common.txt": "ipykernel",
  "requirements/a b.txt": "spaces",
  "requirements/[x].txt": "brackets",
  "empty/inner/": "",
  "link.txt": "-> requirements/common.txt",
  linked: "-> requirements/classes",
  "dangling.txt": "-> nowhere",
  "sub/up.txt": "-> ../requirements/common.txt",
}

describe("what we count is what Docker needs", () => {
  it.each<[string, Content, Content]>([
    ["COPY requirements/classes/${CLASS} /r/", { CLASS: "phys" }, {}],
    ["COPY requirements/classes/*/r.txt /r/", {}, {}],
    ["COPY requirements/c* /r/", {}, {}],
    ["COPY requirement[^a]/common.tx? /r/", {}, {}],
    ['COPY ["requirements/a b.txt", "/r/"]', {}, {}],
    ["COPY requirements/[[]x].txt /r/", {}, {}],
    ["COPY link.txt sub/up.txt /r/", {}, {}],
    ["COPY linked /r/", {}, {}],
    ["COPY linked/phys/r.txt /r/", {}, {}],
    ["COPY sub /r/", {}, {}],
    ["COPY empty /r/", {}, {}],
    ["ADD requirements /r/", {}, {}],
    ["COPY . /r/", {}, {}],
    ["COPY ../requirements/common.txt /r/", {}, {}],
    ["ENV F=link\nARG F=common\nCOPY requirements/${F}.txt /r/", {}, {}],
    ["ARG F=link\nENV F=common\nARG F\nCOPY requirements/${F}.txt /r/", {}, {}],
    ["ENV D=requirements\nCOPY ${D:-x}/common${NONE:-.txt} /r/", {}, {}],
    ["COPY requirements /r/", {}, { ".dockerignore": "**/*.txt\n!requirements/common.txt\n" }],
    ["COPY . /r/", {}, { ".dockerignore": "requirements\n!requirements/classes/phys\nlink*" }],
    ["COPY \\\n # why\n\n requirements/common.txt \\\n /r/", {}, {}],
  ])("%s", async (lines, args, more) => {
    const declared = Object.keys(args)
      .map((name) => `ARG ${name}\n`)
      .join("")
    const { full, some, problems } = await compare(
      { ...tree, ...more, Dockerfile: `FROM scratch\n${declared}${lines}\n` },
      args,
    )
    expect(problems).toEqual([])
    expect(full).not.toBe(undefined)
    expect(some).toEqual(full?.filter(({ path }) => path !== "r/.dockerignore"))
  })

  it.each([
    "COPY gone /r/",
    "COPY dangling.txt /r/",
    "COPY --from=0 x /r/\nCOPY gone /r/",
    "COPY requirements/common.txt",
  ])("refuses %s, as Docker does", async (line) => {
    const { full, problems } = await compare({ ...tree, Dockerfile: `FROM scratch\n${line}\n` })
    expect(full).toBe(undefined)
    expect(problems.length).toBeGreaterThan(0)
  })
})

it("knows .dockerignore as Docker does", async () => {
  // Docker 20.10 takes `+` and `(` for parts of a regular expression; later ones, and we, for themselves. None here.
  const name = fc.constantFrom("a", "b", "c.md", "d e")
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"))
  const piece = fc.constantFrom("a", "b", "c.md", "*", "**", "?", "*.md", "[ab]", "d e", "[^a]", "a*")
  const pattern = fc
    .tuple(
      fc.constantFrom("", "", "!", "/", "./"),
      fc.array(piece, { minLength: 1, maxLength: 3 }),
      fc.constantFrom("", "", "/"),
    )
    .map(([before, parts, after]) => before + parts.join("/") + after)
  const cases = fc.tuple(
    fc.uniqueArray(path, { minLength: 4, maxLength: 10 }),
    fc.array(pattern, { minLength: 1, maxLength: 4 }),
  )
  await fc.assert(
    fc.asyncProperty(cases, async ([paths, patterns]) => {
      const files = paths.filter((one) => !paths.some((other) => other !== one && other.startsWith(`${one}/`)))
      const all = await lay(join(folder, `ignore-${count++}`), {
        ...Object.fromEntries(files.map((one) => [`t/${one}`, one])),
        "t/keep.txt": "",
        ".dockerignore": patterns.map((one) => (one.startsWith("!") ? `!t/${one.slice(1)}` : `t/${one}`)).join("\n"),
        Dockerfile: "FROM scratch\nCOPY . /\n",
      })
      const { entries } = await look(all, "Dockerfile")
      expect([patterns, entries]).toEqual([patterns, await build(all, join(all, "Dockerfile"))])
    }),
    { numRuns: 40, seed: 20_261_121 },
  )
})
