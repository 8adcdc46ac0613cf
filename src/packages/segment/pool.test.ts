import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { wheelOf } from "../../../test/support/wheels.ts"
import { sealed } from "../../kept-text.ts"
import { startPool } from "./pool.ts"

const target = { prefix: "/opt/env", kind: "venv", python: "3.11", uid: 1000, gid: 100 } as const

test("a thread that runs out of memory says at which layer, and another does what comes next", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nbstacks-pool-"))
  await using pool = startPool(1)
  try {
    const { filename, bytes, sha256 } = wheelOf({ name: "demo", version: "1.0" })
    const [file, recipe] = [join(folder, filename), join(folder, "recipe")]
    await writeFile(file, bytes)
    // Files without number, as a recipe that was kept: their text can be read, and what is made of them takes more.
    await writeFile(recipe, sealed(recipe, `[${'["a",0,0,0],'.repeat(1_600_000)}["a",0,0,0]]`))
    const segment = { file, filename, sha256, recipe, kept: undefined, omit: [] }
    const layer = { target, compression: "gzip", segments: [segment, segment] } as const
    const place = { output: join(folder, "layer"), temporary: folder }
    await expect(pool.join({ layer, ...place }, new AbortController().signal)).rejects.toMatchObject({
      name: "Failure",
      code: "no",
      message: "Writing the layer of demo-1.0-py3-none-any.whl and 1 more takes more memory than a thread may have",
      hint: expect.stringContaining("pin another version"),
    })
    expect(await pool.hash(file)).toBe(sha256)
  } finally {
    await rm(folder, { recursive: true })
  }
})
