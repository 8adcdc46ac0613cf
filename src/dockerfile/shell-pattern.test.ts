import * as fc from "fast-check"
import { expect, test } from "vitest"
import { shellPattern } from "./shell-pattern.ts"

/** What a regular expression says, for words that are too short to take it long. */
function source(pattern: string, greedy: boolean): string {
  return pattern.replaceAll("?", ".").replaceAll("*", greedy ? ".*" : ".*?")
}

const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 })
const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), minLength: 1, maxLength: 5 })

test("matches are those of a regular expression", () => {
  fc.assert(
    fc.property(word, pattern, fc.boolean(), (text, written, longest) => {
      const made = shellPattern(written)
      expect(made.trimStart(text, longest)).toBe(text.replace(new RegExp(`^${source(written, longest)}`), ""))
      const ends = new RegExp(`^${source(written, true)}$`)
      const starts = Array.from({ length: text.length + 1 }, (_, at) => at)
      const start = (longest ? starts : starts.toReversed()).find((at) => ends.test(text.slice(at)))
      expect(made.trimEnd(text, longest)).toBe(start === undefined ? text : text.slice(0, start))
      expect(made.replace(text, "X", false)).toBe(text.replace(new RegExp(source(written, true)), "X"))
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ["abcabc", "b", "aXcaXc"],
  ["abc", "*", "X"],
  ["aaa", "a?", "Xa"],
  ["a*b", "\\*", "aXb"],
  ["", "*", "X"],
])("all of %j / %j are replaced: %j", (text, written, expected) => {
  expect(shellPattern(written).replace(text, "X", true)).toBe(expected)
})

test("a pattern that would take a regular expression for ever is answered", () => {
  const text = "a".repeat(64 * 1024)
  const made = shellPattern("*a*a*a*a*a*a*b")
  expect(made.trimStart(text, true)).toBe(text)
  expect(made.trimEnd(text, true)).toBe(text)
  expect(made.replace(text, "X", true)).toBe(text)
  expect(shellPattern("a*a*a*b").replace(text, "X", true)).toBe(text)
})
