import { expect, test } from "vitest"
import { cell, tableOf } from "./markdown.ts"

test.each([
  ["numpy", "numpy"],
  ["a|b", "a\\|b"],
  ["<script>", "\\<script\\>"],
  ["[link](x)", "\\[link\\](x)"],
  ["# no title\nnor a line", "\\# no title nor a line"],
  ["@somebody", "@\u200Bsomebody"],
])("%j is text and nothing else", (text, written) => {
  expect(cell(text)).toBe(written)
})

test("a table has the same number of cells in each line, whatever is in them", () => {
  const lines = tableOf(["a", "b"], [["1|2", "3\n4"]])
  expect(lines).toEqual(["| a | b |", "|---|---|", "| 1\\|2 | 3 4 |"])
})
