import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"

/** A program of one file, and what was made of it. */
function program(): Disposable & { readonly source: string; run(): string; made(text: string): void } {
  const root = mkdtempSync(join(tmpdir(), "nbstacks-start-"))
  const source = join(root, "src/cli/main.ts")
  for (const folder of ["src/cli", "dist", "cache"]) mkdirSync(join(root, folder), { recursive: true })
  cpSync(join(import.meta.dirname, "start.mjs"), join(root, "src/cli/start.mjs"))
  writeFileSync(source, `console.log("source" as string)\n`)
  writeFileSync(join(root, "dist/main.js"), `console.log("made")\n`)
  writeFileSync(join(root, "dist/package.json"), `{"type":"module"}`)
  const { size, mtimeMs } = statSync(source)
  const made = (text: string): void => writeFileSync(join(root, "dist/sources.json"), text)
  made(JSON.stringify([["src/cli/main.ts", size, mtimeMs]]))
  const env = { ...process.env, NBSTACKS_CACHE: join(root, "cache") }
  return {
    source,
    made,
    run: () =>
      execFileSync(process.execPath, ["--no-warnings", join(root, "src/cli/start.mjs")], {
        env,
        encoding: "utf8",
      }).trim(),
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  }
}

test("what was made of the source runs while the source is as it was", () => {
  using it = program()
  expect(it.run()).toBe("made")
})

test("a source of another time or size runs itself", () => {
  using it = program()
  utimesSync(it.source, 1, 1)
  expect(it.run()).toBe("source")
})

test("a source that is gone, and a list that was half written, are no reason to fail", () => {
  using it = program()
  it.made(`[["src/cli/gone.ts", 1, 1]]`)
  expect(it.run()).toBe("source")
  it.made(`[["src/cli/main.ts", 2`)
  expect(it.run()).toBe("source")
})
