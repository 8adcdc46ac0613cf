import { expect, test } from "vitest"
import { parseWheelName } from "../wheel/filename.ts"
import { chooseWheel, takesPython, whyNot } from "./choose.ts"
import { supportedTags, type TagTarget } from "./supported.ts"

const target: TagTarget = { python: "3.11.2", platform: "linux/amd64", glibc: "2.36" }

function choose(names: readonly string[], to: TagTarget = target): string | undefined {
  const choices = names.map((filename) => ({ name: parseWheelName(filename)! }))
  return chooseWheel(choices, to)?.name.filename
}

test("the list of tags begins and ends as that of packaging.tags", () => {
  const tags = [...supportedTags(target).keys()]
  expect(tags.slice(0, 2)).toEqual(["cp311-cp311-manylinux_2_36_x86_64", "cp311-cp311-manylinux_2_35_x86_64"])
  expect(tags.slice(19, 23)).toEqual([
    "cp311-cp311-manylinux_2_17_x86_64",
    "cp311-cp311-manylinux2014_x86_64",
    "cp311-cp311-manylinux_2_16_x86_64",
    "cp311-cp311-manylinux_2_15_x86_64",
  ])
  expect(tags.at(-1)).toBe("py30-none-any")
  expect(tags.filter((tag) => tag.includes("-abi3-linux")).length).toBe(10)
})

test.each([
  [["a-1-py3-none-any.whl", "a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"], 1],
  [["a-1-cp38-abi3-manylinux_2_28_x86_64.whl", "a-1-cp311-abi3-manylinux_2_17_x86_64.whl"], 1],
  [["a-1-cp311-none-manylinux1_x86_64.whl", "a-1-py2.py3-none-any.whl"], 0],
  [["a-1-1-py3-none-any.whl", "a-1-2-py3-none-any.whl", "a-1-10a-py3-none-any.whl"], 2],
  [["a-1-cp311-cp311-manylinux_2_17_x86_64.whl", "a-1-cp311-cp311-manylinux_2_28_x86_64.whl"], 1],
  [["a-1-cp312-cp312-manylinux_2_17_x86_64.whl", "a-1-cp311-cp311-musllinux_1_2_x86_64.whl"], undefined],
  [["a-1-cp311-cp311-manylinux_2_38_x86_64.whl"], undefined],
  [["a-1-cp311-cp311t-manylinux_2_17_x86_64.whl"], undefined],
])("of %s number %s is taken", (names, index) => {
  expect(choose(names)).toBe(index === undefined ? undefined : names[index])
})

test("other platforms take their own wheels", () => {
  const names = ["a-1-cp311-cp311-manylinux2014_aarch64.whl", "a-1-cp311-cp311-manylinux2014_x86_64.whl"]
  expect(choose(names, { ...target, platform: "linux/arm64" })).toBe(names[0])
  expect(choose(names, { ...target, glibc: undefined })).toBeUndefined()
})

const musl: TagTarget = { python: "3.12", platform: "linux/amd64", musl: "1.2" }
const threaded: TagTarget = { python: "3.13.1", abi: "t", platform: "linux/amd64", glibc: "2.36" }

test.each([
  ["musl", musl, ["a-1-cp312-cp312-manylinux_2_17_x86_64.whl", "a-1-cp312-cp312-musllinux_1_1_x86_64.whl"], 1],
  ["musl", musl, ["a-1-cp312-cp312-musllinux_1_1_x86_64.whl", "a-1-cp312-cp312-musllinux_1_2_x86_64.whl"], 1],
  ["musl", musl, ["a-1-cp38-abi3-musllinux_1_2_x86_64.whl", "a-1-py3-none-any.whl"], 0],
  ["musl", musl, ["a-1-py2.py3-none-manylinux_2_5_x86_64.manylinux1_x86_64.musllinux_1_1_x86_64.whl"], 0],
  ["musl", musl, ["a-1-cp312-cp312-linux_x86_64.whl"], 0],
  ["musl", musl, ["a-1-cp312-cp312-musllinux_1_3_x86_64.whl"], undefined],
  ["musl", musl, ["a-1-cp312-cp312-musllinux_2_0_x86_64.whl"], undefined],
  ["musl", musl, ["a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"], undefined],
  [
    "free-threaded",
    threaded,
    ["a-1-cp313-cp313-manylinux_2_17_x86_64.whl", "a-1-cp313-cp313t-manylinux_2_17_x86_64.whl"],
    1,
  ],
  ["free-threaded", threaded, ["a-1-cp313-cp313-manylinux_2_17_x86_64.whl"], undefined],
  ["free-threaded", threaded, ["a-1-cp38-abi3-manylinux_2_17_x86_64.whl"], undefined],
  ["free-threaded", threaded, ["a-1-cp313-abi3-manylinux_2_17_x86_64.whl", "a-1-py3-none-any.whl"], 1],
  ["free-threaded", threaded, ["a-1-cp313-none-manylinux_2_17_x86_64.whl"], 0],
] as const)("for a %s Python the right wheel is taken: %#", (_, to, names, index) => {
  expect(choose(names, to)).toBe(index === undefined ? undefined : names[index])
})

test("wheels for another C library or another build of Python say so", () => {
  const why = (filename: string, to: TagTarget): string => whyNot({ name: parseWheelName(filename)! }, to)
  expect(why("a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", musl)).toBe("needs glibc 2.17")
  expect(why("a-1-cp312-cp312-musllinux_1_3_x86_64.whl", musl)).toBe("needs musl 1.3")
  expect(why("a-1-cp311-cp311-musllinux_1_2_x86_64.whl", target)).toBe("needs musl 1.2")
  expect(why("a-1-cp313-cp313-manylinux_2_17_x86_64.whl", threaded)).toBe("is for cp313-cp313")
})

test.each([
  ["a-1-cp312-cp312-manylinux_2_17_x86_64.whl", "is for cp312-cp312"],
  ["a-1-cp311-cp311-manylinux_2_38_x86_64.whl", "needs glibc 2.38"],
  ["a-1-cp311-cp311-macosx_11_0_arm64.whl", "is for macosx_11_0_arm64"],
])("%s %s", (filename, why) => {
  expect(whyNot({ name: parseWheelName(filename)! }, target)).toBe(why)
})

test("requires-python is honoured", () => {
  expect(takesPython(">=3.12", "3.11.2")).toBe(false)
  expect(takesPython(">=3.9.1,<4", "3.11")).toBe(true)
  expect(takesPython("not a specifier", "3.11")).toBe(true)
  expect(whyNot({ name: parseWheelName("a-1-py3-none-any.whl")!, requiresPython: ">=3.12" }, target)).toBe(
    "wants Python >=3.12",
  )
})

test.each([
  "x.whl",
  "a-1.whl",
  "a-1-b-c-py3-none-any.whl",
  "a/b-1-py3-none-any.whl",
  "a-1-py3-none-any.zip",
  "-1-py3-none-any.whl",
])("%s is no wheel's name", (name) => expect(parseWheelName(name)).toBeUndefined())
