import { expect, test } from "vitest"
import { readSeconds, readSize } from "./amounts.ts"

test.each([
  ["800MB", 800_000_000],
  ["1.5GB", 1_500_000_000],
  ["2GiB", 2_147_483_648],
  ["64 KiB", 65_536],
  ["10B", 10],
])("%s is %d bytes", (text, bytes) => {
  expect(readSize(text)).toBe(bytes)
})

test.each([
  ["90s", 90],
  ["10m", 600],
  ["1h", 3600],
  [45, 45],
] as const)("%s is %d seconds", (written, seconds) => {
  expect(readSeconds(written)).toBe(seconds)
})
