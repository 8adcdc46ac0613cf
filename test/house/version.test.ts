import { readFile } from "node:fs/promises"
import { expect, test } from "vitest"
import { version } from "../../src/cli/cli.ts"

test("the program has the version of its package", async () => {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8")
  expect(version).toBe((JSON.parse(text) as { version: string }).version)
})
