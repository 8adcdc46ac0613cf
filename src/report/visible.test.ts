import fc from "fast-check"
import pc from "picocolors"
import { expect, test } from "vitest"
import { visible } from "./visible.ts"

test.each([
  ["\u001B]0;owned\u0007", String.raw`\u001b]0;owned\u0007`],
  ["red \u009B31m", String.raw`red \u009b31m`],
  ["over\rwritten\r\n", `over${String.raw`\u000d`}written\r\n`],
  ["a\u202Eb\u2028", String.raw`a\u202eb\u2028`],
  ["tab\tand ümlaut 🎉\n", "tab\tand ümlaut 🎉\n"],
])("%j is shown as %j", (text, shown) => expect(visible(text)).toBe(shown))

test("our own colours are left where they are wanted, others never", () => {
  const { bold, cyan, dim, green, red } = pc.createColors(true)
  const ours = [bold, cyan, dim, green, red].map((color) => color(red("x"))).join("")
  expect(visible(ours, { colors: true })).toBe(ours)
  expect(visible(ours)).not.toContain("\u001B")
  expect(visible("\u001B[8mhidden\u001B[2J", { colors: true })).not.toContain("\u001B")
})

test("JSON says the same after it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(JSON.parse(visible(JSON.stringify(text)))).toBe(text)
    }),
  )
})
