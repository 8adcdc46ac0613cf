import { expect, test } from "vitest"
import { problemFailure } from "./print.ts"
import type { Problem } from "./row.ts"

const place = (line: number, column: number): Problem["at"] => ({ file: "nbstacks.yaml", line, column })
const reading = (text: string): { folder: string; files: { readText: (path: string) => Promise<string> } } => ({
  folder: "/t",
  files: { readText: async (path) => (path === "/t/nbstacks.yaml" ? text : Promise.reject(new Error("ENOENT"))) },
})

test("one problem has its hint at the end", async () => {
  const failure = await problemFailure(
    [{ at: place(2, 3), rule: "r", message: "m", hint: "h" }],
    reading("a\n  b: c\n"),
  )
  expect(failure).toMatchObject({ code: "cannot", message: "nbstacks.yaml has a problem", hint: "h" })
  expect(failure.detail).toMatchInlineSnapshot(`
    "nbstacks.yaml:2:3: m [r]
      2 |   b: c
        |   ^"
  `)
})

test("several each have theirs; a file that is gone has no lines", async () => {
  const other = { file: "e/requirements.txt", line: 1, column: 1 }
  const failure = await problemFailure(
    [
      { at: place(1, 1), rule: "r", message: "m", hint: "h" },
      { at: other, rule: "s", message: "n" },
    ],
    reading("a\n"),
  )
  expect(failure.message).toBe("The configuration has 2 problems")
  expect(failure.hint).toBeUndefined()
  expect(failure.detail).toMatchInlineSnapshot(`
    "nbstacks.yaml:1:1: m [r]
      1 | a
        | ^
        hint: h

    e/requirements.txt:1:1: n [s]"
  `)
})

test("nothing in the file reaches the terminal as a command", async () => {
  const failure = await problemFailure(
    [{ at: place(1, 4), rule: "r", message: "\u001B[31m" }],
    reading("\u001B[2Jx\u202Ey"),
  )
  expect(failure.detail).not.toMatch(/\p{Bidi_Control}|(?!\n)\p{Cc}/u)
})

test("a long line is cut around its place", async () => {
  const failure = await problemFailure(
    [{ at: place(1, 5000), rule: "r", message: "m" }],
    reading(`${"a".repeat(4999)}X${"b".repeat(4999)}`),
  )
  const [, line = "", caret = ""] = failure.detail?.split("\n") ?? []
  expect(line.length).toBeLessThan(120)
  expect(line[caret.indexOf("^")]).toBe("X")
})

test("a login in a URL is not shown, and columns stay", async () => {
  const failure = await problemFailure(
    [{ at: place(1, 47), rule: "r", message: "m" }],
    reading("a @ https://me:s3cret@x.example/@b/c.whl?k=v2 X"),
  )
  expect(failure.detail).toMatchInlineSnapshot(`
    "nbstacks.yaml:1:47: m [r]
      1 | a @ https://*********@x.example/@b/c.whl?**** X
        |                                               ^"
  `)
})
