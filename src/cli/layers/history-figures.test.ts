import { expect, test } from "vitest"
import { figuresOf, type Release } from "./history-figures.ts"
import { historyText } from "./history-view.ts"
import pc from "picocolors"

const releases: readonly Release[] = ["a", "b"].map((commit, at) => ({
  commit,
  date: `2026-01-0${at + 1}`,
  items: Array.from({ length: 30 }, (_, index) => ({
    name: `p${index}`,
    id: index % 7 === 0 ? `${commit}${index}` : `${index}`,
    size: 100_000 * (index + 1),
  })),
}))

test("bytecode has a quarter of the layers that the environment leaves, and that is said", () => {
  const with12 = figuresOf(releases, { layers: 12, layer: 800_000_000, made: 1, bytecode: true })
  const with10 = figuresOf(releases, { layers: 10, layer: 800_000_000, made: 1, bytecode: false })
  expect({ ...with12, layers: 10 }).toEqual(with10)
  expect(figuresOf(releases, { layers: 12, layer: 800_000_000, made: 1, bytecode: false })).not.toEqual(with12)
  const history = {
    row: "lab",
    platform: "linux/amd64",
    folders: ["images/lab"],
    releases,
    unread: [],
    renamed: [],
    begins: undefined,
    estimates: [],
    shallow: false,
    own: 12,
    budgets: [with12],
  } as const
  const text = (bytecode: boolean): string => historyText({ ...history, bytecode }, pc.createColors(false))
  expect(text(true)).toContain("Bytecode has a quarter of the layers; its bytes are not counted")
  expect(text(false)).not.toContain("ytecode")
  expect(
    text(true)
      .split("\n")
      .filter((line) => line.length > 80),
  ).toEqual([])
})
