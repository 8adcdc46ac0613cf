import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { expect, test } from "vitest"

const source = resolve(import.meta.dirname, "../../src")

/** Where failures go to people as they are. Those of the floors below are often the cause of another, which has the hint. */
const folders = ["packages", "engines", "build", "cli"]

const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((file) => folders.some((folder) => file.startsWith(`${folder}/`)))
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .sort()

/** What stands between the parentheses of each `new Failure(`, with its line. */
function failuresIn(text: string): readonly { readonly line: number; readonly call: string }[] {
  return [...text.matchAll(/\bnew Failure\(/g)].map(({ index, 0: { length } }) => {
    let end = index + length
    for (let open = 1; open > 0 && end < text.length; end++) open += text[end] === "(" ? 1 : text[end] === ")" ? -1 : 0
    return { line: text.slice(0, index).split("\n").length, call: text.slice(index, end) }
  })
}

test("every failure that people see says what they can do", () => {
  const found = files.flatMap((file) =>
    failuresIn(readFileSync(join(source, file), "utf8")).map(({ line, call }) => ({
      at: `${file}:${line}`,
      // What is another failure said again, less its hint, is no new one.
      says: /\bhint\b|\berror\.code\b/.test(call),
    })),
  )
  expect(found.length).toBeGreaterThan(100)
  expect(found.filter(({ says }) => !says).map(({ at }) => at)).toEqual([])
})
