import { expect, test } from "vitest"
import { wheelOf, type WheelMember } from "../../../test/support/wheels.ts"
import { bytesOf } from "../wheel/bytes.ts"
import { writeSources } from "./sources.ts"

const target = { prefix: "/opt/env", kind: "venv", python: "3.11", uid: 1000, gid: 100 } as const
const site = "lib/python3.11/site-packages"

function sourcesOf(members: readonly WheelMember[]): readonly string[] {
  const { bytes, filename } = wheelOf({ name: "demo", version: "1.0", members })
  const wheel = { bytes: bytesOf(bytes), filename }
  return writeSources(wheel, target, () => undefined).map(({ path }) => path)
}

test("a source whose bytecode would have a name of more than 255 bytes has none", () => {
  // `.cpython-311.pyc` is 13 longer than `.py`.
  const [fits, tooLong, tooManyBytes] = ["n".repeat(239), "n".repeat(240), "é".repeat(120)]
  expect(sourcesOf([fits, tooLong, tooManyBytes].map((name) => ({ path: `demo/${name}.py` })))).toEqual([
    `${site}/demo/${fits}.py`,
  ])
})

test("a source of more than 32 MiB has no bytecode", () => {
  const small = { path: "demo/small.py", content: "x = 1\n" }
  const large = { path: "demo/large.py", content: Buffer.alloc(32 * 1024 * 1024 + 1, "#"), method: 0 } as const
  expect(sourcesOf([large, small])).toEqual([`${site}/demo/small.py`])
})
