import { expect, test } from "vitest"
import { bytecodeInputs } from "./compile-wheel.ts"

test("bytecode is the same for every owner and kind of environment, and another for another place or Python", () => {
  const target = { prefix: "/opt/env", kind: "venv", python: "3.11", uid: 1000, gid: 100 } as const
  const build = (text: string): Parameters<typeof bytecodeInputs>[1]["interpreter"] => ({
    build: text,
  })
  const inputs = (change: Partial<typeof target> | object, by = "cpython-311 3495 3.11.2 (a)"): string =>
    JSON.stringify(bytecodeInputs({ sha256: "0" }, { target: { ...target, ...change }, interpreter: build(by) }))
  expect(inputs({ uid: 0, gid: 0, kind: "conda" })).toBe(inputs({}))
  const others = [{ prefix: "/opt/conda" }, { python: "3.12" }].map((change) => inputs(change))
  expect(new Set([inputs({}), ...others, inputs({}, "cpython-311 3495 3.11.7 (a)")]).size).toBe(4)
})
