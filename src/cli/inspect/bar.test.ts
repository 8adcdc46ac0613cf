import * as fc from "fast-check"
import { expect, test } from "vitest"
import { cellsOf } from "./bar.ts"

const part = fc.record({
  labels: fc.array(fc.string({ maxLength: 12 }), { minLength: 1, maxLength: 3 }),
  short: fc.stringMatching(/^[a-z]{0,3}$/),
  size: fc.integer({ min: 0, max: 1_000_000 }),
})

test("cells are together as wide as asked, in the order of their parts, and no label is wider than its cell", () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), fc.integer({ min: 4, max: 200 }), (parts, width) => {
      const cells = cellsOf(parts, width, 3)
      const total = parts.reduce((sum, { size }) => sum + size, 0)
      expect(cells.reduce((sum, cell) => sum + cell.width, 0)).toBe(total === 0 ? 0 : width)
      expect(cells.every((cell) => cell.width > 0 && cell.label.length < cell.width)).toBe(true)
      expect(cells.every(({ label }) => /^[ -~…]*$/.test(label))).toBe(true)
      const drawn = cells.flatMap((cell) => cell.part ?? [])
      expect(drawn).toEqual(drawn.toSorted((a, b) => a - b))
    }),
  )
})

test("what is too small for a border and a number is one cell", () => {
  const parts = [60, 20, ...Array.from({ length: 20 }, () => 1)].map((size, at) => ({
    labels: [`part ${at}`],
    size,
    short: `${at}`,
  }))
  expect(cellsOf(parts, 50, 3).map(({ label, width }) => [label, width])).toEqual([
    ["part 0", 30],
    ["part 1", 10],
    ["20 small…", 10],
  ])
})
