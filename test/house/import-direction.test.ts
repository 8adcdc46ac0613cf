import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { expect, test } from "vitest"

const source = resolve(import.meta.dirname, "../../src")

/**
 * The house: a folder may import from itself and from folders of a lower floor. Types of `tree` may be imported
 * from everywhere above `oci`, so it lies low. ARCHITECTURE.md has the drawing.
 */
const floors: Readonly<Record<string, number>> = {
  "failure.ts": 0,
  "parallel.ts": 0,
  "program.ts": 0,
  "remember.ts": 0,
  host: 1,
  threads: 1,
  "kept-text.ts": 2,
  oci: 3,
  git: 3,
  report: 4,
  tree: 4,
  files: 5,
  config: 6,
  environment: 7,
  dockerfile: 7,
  plan: 7,
  lock: 8,
  packages: 8,
  evidence: 8,
  resolve: 9,
  state: 9,
  engines: 9,
  checks: 9,
  build: 10,
  release: 11,
  cli: 12,
}

/** Modules through which the outside comes in: only the host may import them. */
const outside =
  /^node:(fs|fs\/promises|child_process|http|https|net|tls|os|readline|readline\/promises|timers|timers\/promises)$/

/** Files that are a door of their own: the program's start and worker threads. */
function isDoor(file: string): boolean {
  return (
    file.startsWith("host/node/") ||
    file === "cli/main.ts" ||
    file.endsWith(".worker.ts") ||
    dirname(file).endsWith("/worker")
  )
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .sort()

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(source, file), "utf8")
  return [
    ...text.matchAll(/^(?:import|export)\b[^"']*?from\s+"([^"]+)"|\bimport\("([^"]+)"\)|^import\s+"([^"]+)"/gm),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? "")
}

function roomOf(file: string): string {
  return file.split("/")[0] ?? file
}

test("imports point down the house, never up or across", () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((name) => name.startsWith("."))
      .map((name) => relative(source, resolve(source, dirname(file), name)))
      .filter((target) => {
        const [from, to] = [floors[roomOf(file)], floors[roomOf(target)]]
        if (from === undefined || to === undefined) return true
        return roomOf(file) !== roomOf(target) && to >= from
      })
      .map((target) => `${file} → ${target}`),
  )
  expect(wrong).toEqual([])
})

test("every folder has a floor, and a page that says what it is for", () => {
  const rooms = [...new Set(files.map(roomOf))]
  expect(rooms.filter((room) => floors[room] === undefined)).toEqual([])
  const folders = rooms.filter((room) => !room.endsWith(".ts"))
  expect(folders.filter((room) => !readdirSync(join(source, room)).includes("README.md"))).toEqual([])
})

test("effects come in by the door: nothing but the host imports them", () => {
  const wrong = files
    .filter((file) => !isDoor(file))
    .flatMap((file) =>
      importsOf(file)
        .filter((name) => outside.test(name))
        .map((name) => `${file} → ${name}`),
    )
  expect(wrong).toEqual([])
})

test("nothing but the program's start touches the process", () => {
  const wrong = files.filter(
    (file) =>
      !isDoor(file) &&
      /\bprocess\.(?:stdout|stderr|stdin|env|exit|cwd|argv|platform|pid|on|kill|nextTick|memoryUsage|hrtime)\b/.test(
        readFileSync(join(source, file), "utf8").replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, ""),
      ),
  )
  expect(wrong).toEqual([])
})
