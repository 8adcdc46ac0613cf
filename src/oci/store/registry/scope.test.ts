import { expect, test } from "vitest"
import { covers, joinScopes, pullScope, pushScope } from "./scope.ts"

test("what may push may pull, of the same repository only", () => {
  expect(covers([pushScope("a")], [pullScope("a")])).toBe(true)
  expect(covers([pullScope("a")], [pushScope("a")])).toBe(false)
  expect(covers([pushScope("a")], [pullScope("a/b")])).toBe(false)
  expect(covers([pushScope("a"), pullScope("b")], [pullScope("b"), pullScope("a")])).toBe(true)
  expect(covers([], [])).toBe(true)
})

test("scopes of one repository are joined, in order", () => {
  expect(joinScopes([pullScope("b"), pushScope("a")], [pullScope("a"), "repository:b:push"])).toEqual([
    "repository:a:pull,push",
    "repository:b:pull,push",
  ])
})
