import { expect, test } from "vitest"
import { isFailure } from "../failure.ts"
import { selectNamed, type Rows } from "./select.ts"

const rows = (...ids: readonly string[]): Rows => ({ nodes: ids.map((id) => ({ id, bases: [] })), skipped: [] })
const few = rows("base", "course:1", "course:2", "scipy-ml:2021.3-gpu")
const many = rows(...Array.from({ length: 40 }, (_, index) => `row${index}`))
const list = "There are `base`, `course:1`, `course:2`, `scipy-ml:2021.3-gpu`"

test.each([
  ["bose", few, "Did you mean `base`?"],
  ["Course", few, "Did you mean `course`?"],
  ["scipy-ml:2021.3-cpu", few, "Did you mean `scipy-ml:2021.3-gpu`?"],
  ["nope", few, list],
  ["course:3", few, list],
  ["nope", rows("base"), "There is `base`"],
  ["nope", many, "Run `nbstacks tree` to see the rows"],
  ["nope", rows(), "There are no rows"],
])("%s", (name, all, hint) => {
  let said: unknown
  try {
    selectNamed(all, { only: [name], except: [] })
  } catch (error) {
    said = error
  }
  expect(isFailure(said) && said.hint).toBe(hint)
})
