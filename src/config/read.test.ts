import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { stringify } from "yaml"
import { dockerfileDoor } from "../dockerfile/door.ts"
import { viewFolder } from "../files/folder-view.ts"
import type { Files } from "../host/files.ts"
import { files } from "../host/node/files.ts"
import { readConfig, type Reading } from "./read.ts"
import type { Row } from "./row.ts"
import { starter } from "./starter.ts"

const door = { finalBase: async () => ({ base: undefined }) }

/** The files of a folder that holds this `nbstacks.yaml` and these folders. */
function folderWith(text: string, folders: Readonly<Record<string, readonly string[]>>): Files {
  const bytes = new TextEncoder().encode(text)
  return {
    ...files,
    stat: async () => ({ ...zeroStat, size: bytes.length }),
    read: async () => bytes,
    list: async (path) => folders[path]?.map((name) => ({ name, kind: "directory" })),
    realPath: async (path) => path,
  }
}

const zeroStat = { kind: "file", mode: 0, uid: 0, gid: 0, device: 0n, inode: 0n, mtime: 0n, ctime: 0n } as const

async function read(
  value: unknown,
  folders: Readonly<Record<string, readonly string[]>> = { "/t": ["e"] },
): Promise<Reading> {
  const text = typeof value === "string" ? value : stringify(value)
  return readConfig("/t", { files: folderWith(text, folders) }, door)
}

const names = ["a", "b", "c", "d", "e"]
const values = fc.uniqueArray(fc.constantFrom("x", "y", "x-y", "y-x", "1.10"), { minLength: 1, maxLength: 3 })
const matrix = fc.dictionary(fc.constantFrom("p", "q", "r"), values, { maxKeys: 2 })
const choice = fc.dictionary(fc.constantFrom("p", "q", "r"), fc.constantFrom("x", "y", "x-y"), { maxKeys: 2 })
const image = fc.record(
  {
    from: fc.constantFrom(...names, "a:x", "b:y", "ghcr.io/x/y:1"),
    environment: fc.constant("e"),
    matrix: fc
      .tuple(matrix, fc.array(choice, { maxLength: 1 }), fc.array(choice, { maxLength: 1 }))
      .map(([axes, include, exclude]) =>
        Object.assign({}, axes, include.length > 0 ? { include } : {}, exclude.length > 0 ? { exclude } : {}),
      ),
    overrides: fc.array(fc.record({ match: choice, from: fc.constantFrom("a", "b:x", "c") }), { maxLength: 1 }),
    publish: fc.constantFrom("together", "alone", "never"),
  },
  { requiredKeys: ["environment"] },
)
const images = fc.dictionary(fc.constantFrom(...names), image, { minKeys: 1, maxKeys: 5 })
const root = { bootstrap: { suite: "bookworm" } }
/** Mostly good trees: the first image is a root, each other is built on one before it. */
const growing = fc.array(fc.tuple(matrix, fc.nat()), { minLength: 1, maxLength: 5 }).map((list) =>
  Object.fromEntries([
    ["root", root],
    ...list.map(([axes, parent], index): [string, object] => {
      const above = ["root", ...names.slice(0, index)]
      return [names[index] ?? "", { from: above[parent % above.length], environment: "e", matrix: axes }]
    }),
  ]),
)

describe("rows", () => {
  test("no two have one name, parents come first, and the order of images does not matter", async () => {
    let good = 0
    await fc.assert(
      fc.asyncProperty(fc.oneof(images, growing), fc.infiniteStream(fc.nat()), async (tree, order) => {
        const reading = await read({ version: 1, images: { root, ...tree } })
        const shuffled = await read({ version: 1, images: shuffle({ root, ...tree }, order) })
        expect("config" in shuffled).toBe("config" in reading)
        if (!("config" in reading) || !("config" in shuffled)) return
        good += 1
        const { rows } = reading.config
        expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
        expect(new Set(rows.map(({ repository, prefix }) => `${repository}:${prefix}`)).size).toBe(rows.length)
        const seen = new Set<string>()
        for (const { id, parent } of rows) {
          expect(parent.kind !== "row" || seen.has(parent.id)).toBe(true)
          seen.add(id)
        }
        expect(rows.map(({ id }) => id)).toEqual(inOrder(rows))
        expect(shuffled.config.rows.map(withoutPlaces)).toEqual(rows.map(withoutPlaces))
      }),
      { numRuns: 300 },
    )
    expect(good).toBeGreaterThan(30)
  })

  test("a thousand, from a glob", async () => {
    const classes = Array.from({ length: 1000 }, (_, index) => `class-${index}`)
    const reading = await read(
      {
        version: 1,
        images: {
          root,
          classes: { from: "root", matrix: { class: "classes/*" }, name: "{class}", environment: "classes/{class}" },
        },
      },
      { "/t": ["classes"], "/t/classes": classes },
    )
    const rows = "config" in reading ? reading.config.rows : []
    expect(rows).toHaveLength(1001)
    expect(rows.find(({ id }) => id === "classes:class-617")).toMatchObject({
      repository: "class-617",
      prefix: "",
      parent: { kind: "row", id: "root" },
    })
  })
})

describe("any text", () => {
  const lines = (text: string): number => text.split("\n").length

  test("is judged, with places in the file", async () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.string(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        tie("list"),
        tie("map"),
      ),
      list: fc.array(tie("any"), { maxLength: 3 }),
      map: fc.dictionary(
        fc.constantFrom(
          "from",
          "matrix",
          "match",
          "include",
          "overrides",
          "checks",
          "imports",
          "files",
          "__proto__",
          "constructor",
          "x",
        ),
        tie("any"),
        { maxKeys: 3 },
      ),
    })).any
    const document = fc.record(
      {
        version: fc.constant(1),
        images: fc.dictionary(
          fc.constantFrom("a", "b", "__proto__"),
          fc.oneof(
            fc.record(
              {
                from: value,
                environment: value,
                matrix: value,
                overrides: fc.array(value, { maxLength: 2 }),
                checks: value,
                files: value,
                args: value,
                dockerfile: value,
              },
              { requiredKeys: [] },
            ),
            value,
          ),
        ),
        tags: value,
        defaults: value,
        secrets: value,
        registry: value,
      },
      { requiredKeys: ["version", "images"] },
    )
    await fc.assert(
      fc.asyncProperty(document, async (one) => {
        const reading = await read(one)
        if (!("problems" in reading)) return
        expect(reading.problems.length).toBeGreaterThan(0)
        for (const { at, message, rule } of reading.problems) {
          expect(at.line).toBeGreaterThanOrEqual(1)
          expect(at.line).toBeLessThanOrEqual(lines(reading.source))
          expect(message).not.toContain("undefined")
          expect(message).not.toContain("Invalid input")
          expect(rule).toMatch(/^[a-z-]+$/)
        }
      }),
      { numRuns: 300 },
    )
  })

  test("is never more than a problem", async () => {
    const pieces = fc.constantFrom(
      "version: 1\n",
      "images:\n",
      "  a: ",
      "{",
      "}",
      "[",
      "]",
      "&a ",
      "*a",
      "\n",
      "  ",
      "- ",
      "? ",
      ": ",
      "|",
      ">",
      "'",
      '"',
      "#",
      "!x ",
      "%YAML 1.1\n---\n",
      "<<: ",
      "\u0000",
      "\t",
      "…",
    )
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 30 }), async (parts) => {
        const reading = await read(parts.join(""))
        expect("config" in reading || reading.problems.length > 0).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

describe("what is there for newcomers", () => {
  test("the starter has no problem", async () => {
    const { text, environment } = starter()
    const reading = await read(text, { "/t": ["images"], "/t/images": [environment.replace("images/", "")] })
    expect(reading).toMatchObject({ config: { rows: [{ id: "base" }, { id: "notebook" }] } })
  })

  test.each(["quickstart", "datahub"])("the example %s has none", async (name) => {
    const folder = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))
    const noCache = { get: () => undefined, set: () => undefined, save: async () => undefined }
    const reading = await readConfig(folder, { files }, dockerfileDoor(viewFolder(folder, { files }, noCache)))
    expect("problems" in reading ? reading.problems : []).toEqual([])
  })
})

test("a folder without the file says what to do", async () => {
  const folder = fileURLToPath(new URL(".", import.meta.url))
  await expect(readConfig(folder, { files }, door)).rejects.toMatchObject({
    code: "cannot",
    hint: expect.stringContaining("nbstacks init"),
  })
})

test("text that is not UTF-8 is refused", async () => {
  const broken = { ...folderWith("", {}), read: async () => new Uint8Array([0x76, 0xff, 0xfe]) }
  await expect(readConfig("/t", { files: broken }, door)).rejects.toMatchObject({
    code: "cannot",
    message: `${join("/t", "nbstacks.yaml")} is not UTF-8 text`,
  })
})

function shuffle(tree: Readonly<Record<string, unknown>>, order: fc.Stream<number>): Readonly<Record<string, unknown>> {
  const keyed = Object.entries(tree).map((entry) => ({ entry, at: order.next().value ?? 0 }))
  return Object.fromEntries(keyed.toSorted((a, b) => a.at - b.at).map(({ entry }) => entry))
}

function inOrder(rows: readonly Row[]): readonly string[] {
  const depths = new Map<string, number>()
  for (const { id, parent } of rows) depths.set(id, parent.kind === "row" ? (depths.get(parent.id) ?? 0) + 1 : 0)
  return [...depths].toSorted(([a, x], [b, y]) => x - y || (a < b ? -1 : 1)).map(([id]) => id)
}

function withoutPlaces(row: Row): unknown {
  return JSON.parse(JSON.stringify(row, (key, value: unknown) => (key === "at" ? undefined : value)))
}
