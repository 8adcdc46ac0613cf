import { fileURLToPath } from "node:url"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { printProblems } from "../../src/config/print.ts"
import { readConfig } from "../../src/config/read.ts"
import type { Config, Position } from "../../src/config/row.ts"
import { dockerfileDoor } from "../../src/dockerfile/door.ts"
import { viewFolder } from "../../src/files/folder-view.ts"
import { files } from "../../src/host/node/files.ts"

/*
 * A folder is a case: what a person wrote, and beside it `expected.txt` (the problems as they are printed) or
 * `expected.json` (the configuration). NBSTACKS_UPDATE_CASES=1 writes what is there now; look at the difference.
 */
const root = fileURLToPath(new URL(".", import.meta.url))
const update = process.env["NBSTACKS_UPDATE_CASES"] === "1"
const noCache = { get: () => undefined, set: () => undefined, save: async () => undefined }
const cases = ((await files.list(root)) ?? []).filter(({ kind }) => kind === "directory").map(({ name }) => name)

describe("cases", () => {
  test.each(cases)("%s", async (name) => {
    const folder = join(root, name, "input")
    const reading = await readConfig(folder, { files }, dockerfileDoor(viewFolder(folder, { files }, noCache)))
    const good = "config" in reading
    const file = good ? "expected.json" : "expected.txt"
    const text = good ? json(reading.config) : await print(reading, folder)
    if (update) {
      await files.remove(join(root, name, good ? "expected.txt" : "expected.json"))
      await files.write(join(root, name, file), text)
    }
    const there = ((await files.list(join(root, name))) ?? []).map((entry) => entry.name)
    expect(there).toEqual([file, "input"])
    expect(text).toBe(await files.readText(join(root, name, file)))
  })

  test("every rule has its case", async () => {
    const texts = await Promise.all(
      cases.map((name) => files.readText(join(root, name, "expected.txt")).catch(() => "")),
    )
    const covered = new Set(texts.flatMap((text) => [...text.matchAll(/ \[([a-z-]+)\]$/gm)].map(([, rule]) => rule)))
    const declared = await declaredRules()
    expect(declared.filter((rule) => !covered.has(rule))).toEqual([])
    expect(declared.length).toBeGreaterThan(50)
  })
})

/** A line for each field of a row; a place is `line:column`. */
function json(config: Config): string {
  const short = (value: unknown): string =>
    JSON.stringify(value, (_, one: unknown) => (isPlace(one) ? `${one.line}:${one.column}` : one))
  const object = (value: object, indent: string): string =>
    `{\n${Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .map(([name, one]) => `${indent}  ${JSON.stringify(name)}: ${short(one)}`)
      .join(",\n")}\n${indent}}`
  const { folder: _, rows, ...rest } = config
  const printed = rows.map((row) => `    ${object(row, "    ")}`).join(",\n")
  return `{\n  "config": ${object(rest, "  ")},\n  "rows": [\n${printed}\n  ]\n}\n`
}

function isPlace(value: unknown): value is Position {
  return typeof value === "object" && value !== null && "line" in value && "column" in value
}

async function print(
  { problems, source }: { problems: Parameters<typeof printProblems>[0]; source: string },
  folder: string,
): Promise<string> {
  const texts = new Map([["nbstacks.yaml", source]])
  for (const { at } of problems)
    if (!texts.has(at.file)) texts.set(at.file, await files.readText(join(folder, at.file)))
  return `${printProblems(problems, (file, line) => texts.get(file)?.split("\n")[line - 1], { hints: true })}\n`
}

/** Names of rules, found in the source: whatever is given as `rule` there. */
async function declaredRules(): Promise<readonly string[]> {
  const found = new Set<string>()
  const folder = fileURLToPath(new URL("../../src/config/", import.meta.url))
  for (const part of ["", "rules", "schema"]) {
    for (const { name, kind } of (await files.list(join(folder, part))) ?? []) {
      if (kind !== "file" || !name.endsWith(".ts") || name.endsWith(".test.ts")) continue
      const text = await files.readText(join(folder, part, name))
      for (const [, rule] of text.matchAll(
        /(?:\brule(?: =|:)|\b(?:says|wrong|refuse)\((?:offset,)?) ?(?:[^"\n{},]* \? )?"([a-z-]+)"/g,
      ))
        if (rule !== undefined) found.add(rule)
      for (const [, rule] of text.matchAll(/rule: [^"\n]*"[a-z-]+" : "([a-z-]+)"/g))
        if (rule !== undefined) found.add(rule)
    }
  }
  return [...found].sort()
}
