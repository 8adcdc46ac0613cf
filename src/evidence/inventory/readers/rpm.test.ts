import { DatabaseSync } from "node:sqlite"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { imageOf, layerOf, type Member } from "../../../../test/support/layers.ts"
import type { Item } from "../item.ts"
import { inventoryOf } from "../inventory.ts"
import { rpm } from "./rpm.ts"

const path = "usr/lib/sysimage/rpm/rpmdb.sqlite"

/** A header of RPM with tags and their texts or numbers. */
function header(values: Readonly<Record<number, string | number>>): Buffer {
  const [entries, data]: [Buffer[], Buffer[]] = [[], []]
  let size = 0
  for (const [tag, value] of Object.entries(values)) {
    const bytes = typeof value === "string" ? Buffer.from(`${value}\0`) : Buffer.alloc(4)
    if (typeof value === "number") bytes.writeUInt32BE(value)
    const entry = Buffer.alloc(16)
    for (const [at, one] of [Number(tag), typeof value === "string" ? 6 : 4, size, 1].entries())
      entry.writeUInt32BE(one, at * 4)
    entries.push(entry)
    data.push(bytes)
    size += bytes.length
  }
  const head = Buffer.alloc(8)
  head.writeUInt32BE(entries.length)
  head.writeUInt32BE(size, 4)
  return Buffer.concat([head, ...entries, ...data])
}

const bash = header({
  1000: "bash",
  1001: "5.2.26",
  1002: "3.fc40",
  1009: 8_000_000,
  1011: "Fedora Project",
  1014: "GPL-3.0-or-later",
  1022: "x86_64",
  1044: "bash-5.2.26-3.fc40.src.rpm",
})
const epoch = header({ 1000: "shadow-utils", 1001: "4.15", 1002: "1", 1003: 2 })
const asRpm = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)"

/** A database with such statements run in it, and these headers then. */
function database(statements: readonly string[], headers: readonly Buffer[] = []): Buffer {
  using made = new DatabaseSync(":memory:")
  for (const statement of statements) made.exec(statement)
  for (const blob of headers) made.prepare("INSERT INTO Packages (blob) VALUES (?)").run(blob)
  return Buffer.from(made.serialize())
}

const damaged: Item = { kind: "unread", name: "rpm", ecosystem: "rpm", why: "it is damaged" }
const read = (content: Buffer): readonly Item[] => rpm.read(path, content)

test("packages of RPM's database, with an epoch where there is one; also where it says that a log is beside it", () => {
  const content = database([asRpm, "CREATE TABLE other (a); INSERT INTO other VALUES (1)"], [bash, epoch])
  const expected = [
    {
      kind: "package",
      ecosystem: "rpm",
      name: "bash",
      version: "5.2.26-3.fc40",
      architecture: "x86_64",
      licence: "GPL-3.0-or-later",
      vendor: "Fedora Project",
      origin: "bash-5.2.26-3.fc40.src.rpm",
      size: 8_000_000,
    },
    { kind: "package", ecosystem: "rpm", name: "shadow-utils", version: "2:4.15-1" },
  ]
  expect(read(content)).toEqual(expected)
  content.fill(2, 18, 20)
  expect(read(content)).toEqual(expected)
  expect(read(database([asRpm]))).toEqual([])
})

test.each<[string, readonly string[], readonly Buffer[]]>([
  ["a view", ["CREATE VIEW Packages AS SELECT 1 AS hnum, x'00' AS blob"], []],
  [
    "a view without an end",
    [
      "CREATE VIEW Packages AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS hnum, zeroblob(9) AS blob FROM n",
    ],
    [],
  ],
  [
    "a column that is computed",
    ["CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB AS (zeroblob(1000000)))"],
    [],
  ],
  ["a virtual table", ["CREATE VIRTUAL TABLE Packages USING fts5(blob)"], []],
  ["no such table", ["CREATE TABLE x (a)"], []],
  ["something that is no header", [asRpm], [Buffer.from("hello")]],
  ["a header without a name", [asRpm], [header({ 1001: "1", 1002: "1" })]],
])("%s is not taken for packages", (_, statements, headers) => {
  expect(read(database(statements, headers))).toEqual([damaged])
})

test.each([
  ["no bytes", Buffer.alloc(0)],
  ["text", Buffer.from("no database".repeat(100))],
  ["the first half of one", database([asRpm], Array<Buffer>(200).fill(bash)).subarray(0, 20_480)],
])("%s is a damaged database", (_, content) => {
  expect(read(content).at(-1)).toEqual(damaged)
})

test("pages that are in the tree again and again do not make packages without end", () => {
  const content = database([asRpm], Array<Buffer>(400).fill(bash))
  const size = content.readUInt16BE(16)
  // The root of the table has pages below it: each of its cells leads to the first of them.
  const root = content.subarray(size, 2 * size)
  expect(root[0]).toBe(5)
  const cells = root.readUInt16BE(3)
  const first = root.readUInt32BE(root.readUInt16BE(12))
  for (let cell = 0; cell < cells; cell++) root.writeUInt32BE(first, root.readUInt16BE(12 + 2 * cell))
  const items = read(content)
  expect(items.length).toBeLessThan(500)
  for (const item of items) expect(item.name === "bash" || item.kind === "unread").toBe(true)
})

test("a database with any bytes changed never throws", () => {
  const whole = database([asRpm, "CREATE INDEX i ON Packages (hnum)"], Array<Buffer>(60).fill(bash))
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255))
  // Half of the changes are where SQLite looks first.
  const near = fc.tuple(fc.oneof(fc.nat(200), fc.integer({ min: 4096, max: 4300 })), fc.nat(255))
  fc.assert(
    fc.property(fc.array(fc.oneof(change, near), { minLength: 1, maxLength: 20 }), (changes) => {
      const content = Buffer.from(whole)
      for (const [at, byte] of changes) content[at] = byte
      for (const item of read(content)) expect(["package", "unread"]).toContain(item.kind)
    }),
    { numRuns: 300 },
  )
})

async function found(...layers: readonly Readonly<Record<string, Member>>[]): Promise<readonly string[]> {
  const { items } = await inventoryOf(imageOf(...layers.map((members) => layerOf(members))))
  return items.map((item) => `${item.path} ${item.layer + 1} ${"why" in item ? item.why : item.name}`)
}

test("databases of old forms, and a log with changes, are said and not read; an empty log says nothing", async () => {
  expect(
    await found({
      "var/lib/rpm/Packages": "berkeley",
      "usr/lib/sysimage/rpm/Packages.db": "ndb",
      "usr/lib/sysimage/rpm/rpmdb.sqlite-wal": "changes",
      "usr/share/rpm/rpmdb.sqlite-wal": "",
      "srv/rpm/Packages": "nothing of RPM's",
    }),
  ).toEqual([
    "usr/lib/sysimage/rpm/Packages.db 1 it is an rpm database of an old form",
    "usr/lib/sysimage/rpm/rpmdb.sqlite-wal 1 it has changes that are not in the database yet",
    "var/lib/rpm/Packages 1 it is an rpm database of an old form",
  ])
  expect(await found({ "var/lib/rpm/Packages": "" }, { "var/lib/rpm/.wh.Packages": "" })).toEqual([])
  expect(await found({ [path]: "broken" })).toEqual([`${path} 1 it is damaged`])
})

test("a database of a gigabyte is refused before it is read, one of an old form is not", async () => {
  const large = (at: string): Readonly<Record<string, Member>> => ({ [at]: { size: 1_000_000_000 } })
  await expect(found(large(path))).rejects.toMatchObject({
    code: "cannot",
    message: expect.stringMatching(
      /^Cannot read the layer sha256:\S+: \S+\/rpmdb\.sqlite has 1000000000 bytes, more than/,
    ),
  })
  // Its name is all that is read: what fails is that the archive of this test ends there.
  await expect(found(large("var/lib/rpm/Packages"))).rejects.toMatchObject({
    message: expect.not.stringContaining("bytes, more than"),
  })
})
