import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { expand } from "./expand.ts"

const values: Readonly<Record<string, string>> = { A: "one", EMPTY: "", PATH_: "/a/b/c.tar.gz", STAR: "x*y" }
const lookup = (name: string): string | undefined => (Object.hasOwn(values, name) ? values[name] : undefined)
const text = (written: string): string => expand(written, lookup, "\\").text

describe("expand", () => {
  // The expected values are those of BuildKit's own table (frontend/dockerfile/shell/envVarTest).
  it.each([
    ["hello", "hello"],
    ["he'll'o", "hello"],
    ["he'llo", "hello"],
    ["he\\'llo", "he'llo"],
    ["he\\\\'llo'", "he\\llo"],
    ['"he\\"llo"', 'he"llo'],
    ['"a\\b"', "a\\b"],
    ["abc\\\tdef", "abc\tdef"],
    ["'abc\\def'", "abc\\def"],
    ["$A", "one"],
    ["${A}", "one"],
    ["x${A}y", "xoney"],
    ["x$A.y", "xone.y"],
    ["'$A'", "$A"],
    ["\\$A", "$A"],
    ['"\\$A$A"', "$Aone"],
    ["$NO", ""],
    ["${NO:-d}", "d"],
    ["${EMPTY:-d}", "d"],
    ["${EMPTY-d}", ""],
    ["${NO-d}", "d"],
    ["${A:-d}", "one"],
    ["${NO:-${A}}", "one"],
    ["${NO:-$A}x", "onex"],
    ["${A:+z}", "z"],
    ["${NO:+z}", ""],
    ["${EMPTY:+z}", ""],
    ["${EMPTY+z}", "z"],
    ["${A:?gone}", "one"],
    ["${PATH_#*/}", "a/b/c.tar.gz"],
    ["${PATH_##*/}", "c.tar.gz"],
    ["${PATH_%.*}", "/a/b/c.tar"],
    ["${PATH_%%.*}", "/a/b/c"],
    ["${PATH_/b/X}", "/a/X/c.tar.gz"],
    ["${PATH_//\\//-}", "-a-b-c.tar.gz"],
    ["${A/?n/X}", "Xe"],
    ["${STAR/\\*/-}", "x-y"],
    ["$", "$"],
    ["a$", "a$"],
    ["${", ""],
    ["${A", "one"],
  ])("%s is %s", (written, expected) => {
    expect(text(written)).toBe(expected)
  })

  it("says what is not set and has no default", () => {
    expect(expand("$NO ${OTHER} ${NO2:-x} ${A:+$NO3} ${NO4:+$NO5} ${A:-$NO6}", lookup, "\\").unset).toEqual([
      "NO",
      "OTHER",
      "NO3",
    ])
  })

  it("refuses what grows without bound", () => {
    const doubled = "$BIG".repeat(100)
    expect(() => expand(doubled, () => "x".repeat(1000), "\\")).toThrow("longer than 65536 characters")
    expect(() => text("${N:-".repeat(1_000_000))).toThrow("more than 100 deep")
    expect(() => text(`\${A#${"*a".repeat(200)}}`)).toThrow("longer than 256 characters")
  })

  it("knows the other escape character", () => {
    expect(expand("C:\\x`$A", lookup, "`").text).toBe("C:\\x$A")
  })

  it("ends for any text", () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom("${", "}", "$A", "'", '"', "\\", ":-", "##", "//", "%"))
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        expect(text(pieces.join(""))).toBeTypeOf("string")
      }),
    )
  })
})
