import { expect, test } from "vitest"
import type { CheckReport } from "../checks/report.ts"
import type { Slot } from "../plan/key.ts"
import { junitOfAll } from "./junit.ts"

test("suites stand in the order of rows, whichever was checked first", () => {
  const report = { results: [] } as unknown as CheckReport
  const text = junitOfAll(new Map(["b@linux/amd64", "a@linux/amd64"].map((slot) => [slot as Slot, report])))
  expect([...text.matchAll(/<testsuite name="([^"]*)"/g)].map((match) => match[1])).toEqual(["a", "b"])
})
