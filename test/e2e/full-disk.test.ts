import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { openHub } from "../support/hub.ts"
import { program } from "../support/sandbox.ts"
import { wheelOf } from "../support/wheels.ts"

const host = makeHost(process.env)

/** A wheel whose bytes do not get fewer: its segment is as large as it is. */
const large = wheelOf({
  name: "large",
  version: "1.0",
  members: [{ path: "large/data.bin", content: randomBytes(6_000_000), method: 0 }],
})

/** A small disk of its own at a folder; undefined where nothing can be mounted. */
async function disk(path: string, size: string): Promise<AsyncDisposable | undefined> {
  await host.files.makeDirectory(path)
  const { code } = await host.run({ argv: ["mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path] })
  if (code !== 0) return undefined
  return { [Symbol.asyncDispose]: async () => void (await host.run({ argv: ["umount", path] })) }
}

test.for([
  ["the wheel", "3m"],
  ["what a thread writes of it", "9m"],
])(
  "a cache whose disk is full before %s fits is said by its folder, with what makes space there",
  async ([, size = ""], { skip }) => {
    await using hub = await openHub([large], { one: "" })
    const { sandbox } = hub
    const cache = join(sandbox.folder, "../small")
    await using mounted = await disk(cache, size)
    if (mounted === undefined) return skip("nothing can be mounted here")
    const env = { ...sandbox.env, NBSTACKS_CACHE: cache }
    const { code, stderr } = await host.run({ argv: [program, "build"], cwd: sandbox.folder, env, timeout: 120_000 })
    expect(stderr).toContain(`No space is left on the disk of ${cache}\n`)
    expect(stderr).toMatch(/\nhint: [^\n]*`nbstacks cache clear`[^\n]*NBSTACKS_CACHE[^\n]*\n$/)
    expect(stderr).not.toMatch(/store gc|bug in nbstacks|^\s+at /m)
    expect(code).toBe(2)
    expect(await host.files.list(join(cache, "temporary"))).toEqual([])
  },
)

test("a store whose disk is full is said by its folder, with what makes space there", async ({ skip }) => {
  await using hub = await openHub([large], { one: "" })
  const { sandbox } = hub
  const store = join(sandbox.folder, "../small")
  await using mounted = await disk(store, "3m")
  if (mounted === undefined) return skip("nothing can be mounted here")
  const env = { ...sandbox.env, NBSTACKS_STORE: join(store, "images") }
  const { code, stderr } = await host.run({ argv: [program, "build"], cwd: sandbox.folder, env, timeout: 120_000 })
  expect(stderr).toContain(`No space is left on the disk of ${store}/images\n`)
  expect(stderr).toMatch(/\nhint: [^\n]*`nbstacks store gc`[^\n]*NBSTACKS_STORE[^\n]*\n$/)
  expect(stderr).not.toMatch(/cache clear|bug in nbstacks/)
  expect(code).toBe(2)
})

test("a file that is larger than `ulimit -f` allows is one sentence", async () => {
  await using hub = await openHub([large], { one: "" })
  const { sandbox } = hub
  // In blocks of 512 bytes.
  const argv = ["sh", "-c", 'ulimit -f 4000; exec "$0" build', program] as const
  const { code, stderr } = await host.run({ argv, cwd: sandbox.folder, env: sandbox.env, timeout: 120_000 })
  expect(stderr).toContain("the file is larger than may be")
  expect(stderr).toMatch(/\nhint: [^\n]*ulimit -f/)
  expect(stderr).not.toMatch(/bug in nbstacks/)
  expect(code).toBe(2)
})
