import { expect, test } from "vitest"
import { chooseKernel } from "./kernel-menu.ts"
import { readNotebook } from "./notebook-file.ts"

const read = (value: unknown): ReturnType<typeof readNotebook> => readNotebook(Buffer.from(JSON.stringify(value)))

test("code cells in order, sources joined, tags understood", () => {
  const notebook = read({
    nbformat: 4,
    nbformat_minor: 0,
    metadata: { kernelspec: { name: "python3", display_name: "Python 3" }, language_info: { name: "Python" } },
    cells: [
      { cell_type: "markdown", source: "# T", metadata: {} },
      { cell_type: "code", source: ["a = 1\n", "b = 2"], metadata: {} },
      { cell_type: "code", source: "  \n", metadata: {} },
      { cell_type: "code", source: "1/0", metadata: { tags: ["raises-exception"] } },
      { cell_type: "code", source: "x", metadata: { tags: ["skip-execution"] } },
      { cell_type: "raw", source: "r", metadata: {} },
      { cell_type: "code", source: "y" },
    ],
  })
  expect(notebook).toEqual({
    kernel: "python3",
    language: "python",
    cells: [
      { number: 2, source: "a = 1\nb = 2", mayFail: false },
      { number: 4, source: "1/0", mayFail: true },
      { number: 7, source: "y", mayFail: false },
    ],
  })
})

test.each([
  [{ nbformat: 3, worksheets: [] }, /its format is 3/],
  [{ nbformat: 5, cells: [] }, /its format is 5/],
  [{ nbformat: 4 }, /it is no notebook: cells/],
  [{ nbformat: 4, cells: [{ cell_type: "code", source: 7 }] }, /it is no notebook: cells\.0\.source/],
  [[], /it is no notebook/],
])("%j is refused", (value, reason) => {
  expect(read(value)).toEqual({ no: expect.stringMatching(reason) })
})

const menu = {
  default: "python3",
  languages: new Map([
    ["python3", "python"],
    ["ir", "r"],
    ["python3-alt", "python"],
  ]),
}

test.each([
  ["its own", { kernel: "ir", language: "r" }, [], "ir"],
  [
    "unknown: the first declared of its language",
    { kernel: "py39", language: "python" },
    ["ir", "python3-alt"],
    "python3-alt",
  ],
  ["unknown: the default of its language", { kernel: "py39", language: "python" }, ["ir"], "python3"],
  ["none at all: the first declared", { kernel: undefined, language: undefined }, ["ir"], "ir"],
  ["none at all: the default", { kernel: undefined, language: undefined }, [], "python3"],
  ["unknown without a language", { kernel: "x", language: undefined }, ["gone"], "python3"],
])("the kernel of a notebook: %s", (_, notebook, declared, expected) => {
  expect(chooseKernel(notebook, menu, declared)).toBe(expected)
})

test("a language that no kernel speaks is an error, not a guess", () => {
  expect(chooseKernel({ kernel: "julia-1.9", language: "julia" }, menu, ["python3"])).toEqual({
    no: "it wants the kernel julia-1.9 (julia), and there are ir, python3, python3-alt",
  })
})
