import * as fc from "fast-check"
import { expect, test } from "vitest"
import { isTemporary, patience, pauseAfter, retryAfter } from "./backoff.ts"

test("pauses double up to a bound, and are spread over their upper half", () => {
  expect([0, 1, 2].map((tried) => pauseAfter(tried, 0))).toEqual([250, 500, 1000])
  fc.assert(
    fc.property(fc.nat({ max: 1000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (tried, chance) => {
      const pause = pauseAfter(tried, chance)
      expect(pause).toBeGreaterThanOrEqual(250)
      expect(pause).toBeLessThanOrEqual(patience.longest)
    }),
  )
})

test("Retry-After is seconds or a date", () => {
  const now = new Date("2026-01-01T00:00:00Z")
  expect(retryAfter({ "retry-after": "3" }, now)).toBe(3000)
  expect(retryAfter({ "retry-after": "Thu, 01 Jan 2026 00:00:09 GMT" }, now)).toBe(9000)
  expect(retryAfter({ "retry-after": "Thu, 01 Jan 2020 00:00:00 GMT" }, now)).toBe(0)
  expect(retryAfter({ "retry-after": "soon" }, now)).toBeUndefined()
  expect(retryAfter({}, now)).toBeUndefined()
})

test("a request is worth another try when its server says that it is not its fault", () => {
  expect([200, 404, 408, 412, 416, 429, 500, 501, 502, 503, 504, 505].filter(isTemporary)).toEqual([
    408, 429, 500, 502, 503, 504,
  ])
})
