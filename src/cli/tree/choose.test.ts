import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../../host/node/host.ts"
import { loadConfig } from "../../resolve/load.ts"
import { chooseRows } from "./choose.ts"

const config = `version: 1
images:
  base: {bootstrap: {suite: bookworm, packages: [python3]}}
  a: {from: base, dockerfile: a/Dockerfile}
  other: {from: base, env: {A: b}}
  tool: {from: base, env: {A: b}}
`

test("a row brings those that its Dockerfile copies from", async () => {
  const real = makeHost(process.env)
  const folder = await real.files.makeTemporary("nbstacks-choose-")
  try {
    await real.files.write(join(folder, "nbstacks.yaml"), config)
    await real.files.write(join(folder, "a/Dockerfile"), "FROM base\nCOPY --from=tool /x /y\n")
    const loaded = await loadConfig(folder, { ...real, env: { NBSTACKS_CACHE: join(folder, "cache") } })
    const ids = (only: string, except: readonly string[] = []) =>
      chooseRows(loaded, { only: [only], except }).map(({ id }) => id)
    expect(ids("a")).toEqual(["base", "a", "tool"])
    expect(ids("other")).toEqual(["base", "other"])
    expect(() => ids("a", ["tool"])).toThrow("`a` is asked for, and left out by --except")
  } finally {
    await real.files.remove(folder)
  }
})
