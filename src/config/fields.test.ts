import { expect, test } from "vitest"
import { configSchema, documentedFields, keysAt } from "./fields.ts"

test("every field says what it is", () => {
  const fields = documentedFields()
  expect(fields.filter(({ description }) => !/^\S.*\S$/s.test(description) || description.length < 6)).toEqual([])
  expect(fields.map(({ path }) => path)).toContain("images.*.checks.later.*.notebooks")
  expect(new Set(fields.map(({ path }) => path)).size).toBe(fields.length)
})

test("the schema refuses unknown keys at every level", () => {
  const loose: string[] = []
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== "object" || schema === null) return
    if ("properties" in schema && !("additionalProperties" in schema)) loose.push(path)
    for (const [name, value] of Object.entries(schema)) walk(value, `${path}/${name}`)
  }
  walk(configSchema(), "")
  expect(loose).toEqual([])
})

test("knows the keys of a place", () => {
  expect(keysAt(["images", "x", "bootstrap"])).toEqual(["suite", "packages"])
  expect(keysAt(["images", "x", "checks", "commands", 0])).toEqual(["run", "timeout"])
  expect(keysAt(["images", "x", "env"])).toEqual([])
})
