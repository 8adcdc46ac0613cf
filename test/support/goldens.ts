import { readFileSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import type { Host } from "../../src/host/host.ts"

/** What has a format, and where that stands. */
const places = {
  segment: "`segmentFormat` in src/packages/segment/segment-cache.ts",
  bytecode: "`bytecodeFormat` in src/packages/bytecode/compile-wheel.ts",
  pypi: "`pypiFormat` in src/resolve/row-steps.ts",
  files: "`filesFormat` in src/resolve/row-files.ts",
  config: "`configFormat` in src/resolve/row-steps.ts",
} as const
export type Golden = keyof typeof places

type Digests = Readonly<Record<string, string>>
/** Format by format, what the same input gave; only added to. */
type Table = Partial<Record<Golden, Record<string, Digests>>>

const path = resolve(import.meta.dirname, "../goldens.json")
const command = "NBSTACKS_ADD_GOLDENS=1 npm test -- --project e2e test/e2e/goldens.test.ts"

function readTable(): Table {
  return JSON.parse(readFileSync(path, "utf8")) as Table
}

/** Digests by what they are of. Those that only some machines can have (`optional`) may be missing in the table. */
type Found = { readonly format: number; readonly digests: Digests; readonly optional?: boolean }

/**
 * What is wrong with digests of a format, each a sentence: those that the table has otherwise, and those that it lacks.
 * With NBSTACKS_ADD_GOLDENS=1 what is missing is added; what is there is never changed.
 */
export function wrongGoldens(golden: Golden, { format, digests, optional = false }: Found): readonly string[] {
  const table = readTable()
  const formats = table[golden] ?? {}
  const row = formats[format] ?? {}
  const changed = Object.keys(digests).filter((name) => row[name] !== undefined && row[name] !== digests[name])
  if (changed.length > 0)
    return changed.map(
      (name) =>
        `${name} has other bytes than format ${format} of ${golden} had. If that is meant, raise ${places[golden]} and run \`${command}\`. Never edit a row of test/goldens.json: there are images with those bytes`,
    )
  const missing = Object.keys(digests).filter((name) => row[name] === undefined)
  if (missing.length === 0) return []
  const newer = Object.keys(formats).filter((one) => Number(one) > format)
  if (newer.length > 0) return [`Format ${format} of ${golden} is below ${newer.join(", ")} in test/goldens.json`]
  if (process.env["NBSTACKS_ADD_GOLDENS"] !== "1")
    return optional
      ? []
      : missing.map((name) => `test/goldens.json lacks ${name} of ${golden} ${format}: run \`${command}\``)
  const sorted = Object.fromEntries(Object.entries({ ...row, ...digests }).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(path, `${JSON.stringify({ ...table, [golden]: { ...formats, [format]: sorted } }, undefined, 2)}\n`)
  return []
}

/** The digests that a commit of this history had in the table and that are not in it any more, or are others. */
export async function lostGoldens(host: Host): Promise<readonly string[]> {
  const git = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout } = await host.run({ argv: ["git", ...args], cwd: resolve(path, "..") })
    return code === 0 ? stdout : ""
  }
  const table = readTable()
  const log = await git("log", "--first-parent", "--format=%H", "--", "goldens.json")
  const commits = log.split("\n").filter((commit) => commit !== "")
  const texts = await Promise.all(commits.map((commit) => git("show", `${commit}:./goldens.json`)))
  const lost = texts
    .filter((text) => text !== "")
    .flatMap((text) => Object.entries(JSON.parse(text) as Table))
    .flatMap(([golden, formats]) =>
      Object.entries(formats).flatMap(([format, row]) =>
        Object.entries(row)
          .filter(([name, digest]) => table[golden as Golden]?.[format]?.[name] !== digest)
          .map(([name]) => `${golden} ${format}: ${name}`),
      ),
    )
  return [...new Set(lost)]
}
