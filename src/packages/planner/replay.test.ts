import { expect, test } from "vitest"
import { planned, replay, type Item } from "./replay.ts"

const megabyte = 1_000_000
const items = (version: string): readonly Item[] => [
  { name: "torch", id: `torch ${version}`, size: 300 * megabyte },
  { name: "numpy", id: "numpy 1", size: 20 * megabyte },
  { name: "six", id: `six ${version}`, size: 10_000 },
]

test("a release pulls the layers that the one before lacks, and a layer that comes back is stored once", () => {
  const releases = [items("1"), items("2"), items("1")]
  const { updates, stored } = replay(releases, (list) => planned(list, { layer: 800 * megabyte, layers: 12 }))
  const moved = 300 * megabyte + 10_000
  expect(updates).toEqual([1, 2].map(() => ({ pulled: moved, full: moved + 20 * megabyte })))
  expect([...stored.values()].reduce((sum, size) => sum + size, 0)).toBe(2 * moved + 20 * megabyte)
})

test("a package above a layer is split, whatever its files are, and its parts have its bytes", () => {
  const layers = planned(items("1"), { layer: 80 * megabyte, layers: 12 })
  const torch = layers.filter(({ identity }) => identity.startsWith("torch 1:"))
  expect(torch.length).toBeGreaterThan(3)
  expect(torch.reduce((sum, { size }) => sum + size, 0)).toBe(300 * megabyte)
  expect(new Set(torch.map(({ identity }) => identity)).size).toBe(torch.length)
})
