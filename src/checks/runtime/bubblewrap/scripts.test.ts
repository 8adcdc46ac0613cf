import * as fc from "fast-check"
import { expect, test } from "vitest"
import { run } from "../../../host/node/process.ts"
import { environmentScript } from "./scripts.ts"

/** The environment of a command behind the script, as the command sees it. */
async function seen(env: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const script = `set -- workdir env -0\n${environmentScript(env)}\nshift\nexec "$@"`
  const done = await run({ argv: ["/bin/sh", "-c", script], env: { PATH: "/usr/bin:/bin" } })
  expect(done.stderr).toBe("")
  const pairs = done.stdout.split("\0").filter((pair) => pair !== "")
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]))
}

test("a command sees every variable as it was, whatever its name and value", async () => {
  const value = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"))
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,9}$/).map((text) => `V_${text}`)
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 5 }), async (env) => {
      expect(await seen(env)).toMatchObject(env)
    }),
    { numRuns: 40 },
  )
})

test("a quote cannot leave its value, and names that are none are left out", async () => {
  const env = { A: "'; echo broken; '", "odd.name": "$(echo x) `y`", "": "x", "B=C": "x", D: "a\0b" }
  expect(await seen(env)).toMatchObject({ A: "'; echo broken; '", "odd.name": "$(echo x) `y`" })
  expect(Object.keys(await seen(env))).not.toContain("D")
})
