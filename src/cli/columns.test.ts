import { expect, test } from "vitest"
import { columns, oneLine } from "./columns.ts"

test("a text stays in its line, whatever somebody wrote into it", () => {
  const faked = "lab\n  ok     signature   lab.pub\r\n\n1 image verified.\u2028x"
  expect(oneLine(faked)).toBe("lab ok     signature   lab.pub 1 image verified. x")
  expect(columns([["a\nb", "c"]])).toEqual(["a b  c"])
})

test("hundreds of thousands of rows are no more than that", () => {
  expect(columns(Array.from({ length: 400_000 }, () => ["a", "b"]))).toHaveLength(400_000)
})
