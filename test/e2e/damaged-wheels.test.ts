import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { openHub } from "../support/hub.ts"
import { wheelOf } from "../support/wheels.ts"

const host = makeHost(process.env)

/** The larger ones are read again for each store, the others are kept as what they became. */
const wheels = Array.from({ length: 6 }, (_, at) =>
  wheelOf({
    name: `demo${at}`,
    version: "1.0",
    members: [{ path: `demo${at}/data.txt`, content: randomBytes(at < 3 ? 1_200_000 : 5000), method: 0 }],
  }),
)

/** Makes files of a folder ones of the same size that hold zeros. */
async function zero(folder: string): Promise<void> {
  for (const { name } of (await host.files.list(folder)) ?? []) {
    const size = (await host.files.stat(join(folder, name)))?.size ?? 0
    await host.files.write(join(folder, name), Buffer.alloc(size))
  }
}

test("a wheel of the user's own folder that is not what the lock says is named, with its path and hash", async () => {
  await using hub = await openHub(wheels.slice(0, 1), { row: "" })
  await zero(hub.wheels)
  const { code, stderr } = await hub.sandbox.nbstacks("build")
  const file = join(hub.wheels, wheels[0]?.filename ?? "")
  expect(stderr).toContain(`${file} does not have a hash that the lock names: it has sha256:`)
  expect(stderr).toMatch(/\nhint: [^\n]*damaged[^\n]*\n$/)
  expect(code).toBe(1)
})

test.each([
  ["nothing besides", ["layers", "segments"]],
  ["which layers it made", ["segments"]],
  ["all else that it made", []],
])(
  "a cache whose wheels are all damaged, and that knows %s, mends itself for rows that are built at the same time",
  async (_, without) => {
    const rows = Object.fromEntries(["a", "b", "c", "d"].map((name, at) => [name, `budget: {layers: ${10 + at}}`]))
    await using hub = await openHub(wheels, rows)
    const { sandbox } = hub
    const digests = async (): Promise<unknown> => {
      const { code, stdout, stderr } = await sandbox.nbstacks("build", "--json", "--jobs", "4")
      expect(stderr).not.toContain("error")
      expect(code).toBe(0)
      return (JSON.parse(stdout) as { images: readonly object[] }).images
    }
    const first = await digests()
    const cache = sandbox.env["NBSTACKS_CACHE"] ?? ""
    await host.files.remove(sandbox.env["NBSTACKS_STORE"] ?? "")
    for (const folder of without) await host.files.remove(join(cache, folder))
    await zero(join(cache, "wheels"))
    expect(await digests()).toEqual(first)
  },
)
