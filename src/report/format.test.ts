import { expect, test } from "vitest"
import { bytes, count, duration } from "./format.ts"

test("durations have two units at most", () => {
  expect([0, 49, 9_940, 9_960, 59_400, 60_000, 185_000, 3_600_000, 3_840_000].map(duration)).toEqual([
    "0.0 s",
    "0.0 s",
    "9.9 s",
    "10 s",
    "59 s",
    "1 min",
    "3 min 5 s",
    "1 h",
    "1 h 4 min",
  ])
})

test("sizes are decimal, with three digits", () => {
  expect([0, 999, 1000, 12_800_000, 199_900_000, 999_600_000].map(bytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "12.8 MB",
    "200 MB",
    "1.0 GB",
  ])
})

test("one thing is not several", () => {
  expect([count(1, "image"), count(0, "image"), count(2, "index", "indexes")]).toEqual([
    "1 image",
    "0 images",
    "2 indexes",
  ])
})
