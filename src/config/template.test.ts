import * as fc from "fast-check"
import { expect, test } from "vitest"
import { fillTemplate, placeholdersOf } from "./template.ts"

test("fills axes, leaves shells and doubled braces alone", () => {
  const filled = fillTemplate("{a}/${a}/{{a}}/{b}/{}/{ a }/{'a': 1}", { a: "x" })
  expect(filled).toEqual({ text: "x/${a}/{a}/{b}/{}/{ a }/{'a': 1}", unknown: ["b"] })
})

test("names each placeholder once", () => {
  expect(placeholdersOf("{a}-{b}-{a}-${c}")).toEqual(["a", "b"])
})

test("a value is never read as a template", () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      expect(fillTemplate("<{a}>", { a: value })).toEqual({ text: `<${value}>`, unknown: [] })
    }),
  )
})

test("inherited names of objects are no axes", () => {
  expect(fillTemplate("{constructor}", {}).unknown).toEqual(["constructor"])
})
