import { randomBytes } from "node:crypto"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { startRegistry } from "../support/registry.ts"
import { openSandbox } from "../support/sandbox.ts"
import { pushTiny } from "../support/tiny.ts"

const host = makeHost(process.env)

/** Text of so many bytes that no compression makes much smaller. */
function noise(size: number): string {
  return randomBytes(size).toString("base64").slice(0, size)
}

test("an image over its budget fails like a check, says why, and is not released", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openSandbox(host)
  const parent = await pushTiny(host, registry.address)
  const tree = (budget: string): Promise<void> =>
    sandbox.write({
      "nbstacks.yaml": `version: 1
registry: ${registry.address}
defaults: {checks: {profile: none}}
images:
  lab: {from: "${parent}", files: [{from: lab, to: /srv/lab/}], budget: ${budget}}
  free: {from: lab, env: {A: b}, budget: {image: 9GB}}
`,
    })
  await tree("{image: 9GB, grow: 5%}")
  await sandbox.write({ "lab/data.txt": noise(200_000) })
  await sandbox.nbstacks("lock")
  const first = await sandbox.nbstacks("publish")
  expect([first.code, first.stderr]).toEqual([0, expect.stringContaining("2 images, 2 built")])
  const kept = await sandbox.nbstacks("budget")
  expect([kept.code, kept.stdout]).toEqual([0, expect.stringContaining("Every image that is built keeps its budget.")])
  expect(kept.stdout).toMatch(/^lab +1\.2 MB {2}ok: 1\.2 MB of 9\.0 GB, \+0 % of 5 %$/m)
  expect((await sandbox.nbstacks("budget", "free")).stdout).not.toContain("lab ")

  // More than 5 % of what the newest release has.
  await sandbox.write({ "lab/more.txt": noise(200_000) })
  const failed = await sandbox.nbstacks("publish")
  expect(failed.code).toBe(1)
  expect(failed.stderr).toMatch(
    /error: lab is over its budget: \d+(\.\d)? % larger than in the newest release, where 5 % are allowed/,
  )
  expect(failed.stderr).toMatch(/The largest layers:\n +1\.1 MB {2}layer 1: a test/)
  expect(failed.stderr).toContain("of its layers are not in the newest release's image.")
  expect(failed.stderr).toContain("Nothing was tagged. Users still get ")
  expect(failed.stderr).toContain("raise `budget` of lab in nbstacks.yaml")
  expect(
    (await Array.fromAsync(openRegistry(registry.address, host).tags("lab"))).filter(
      (tag) => !tag.startsWith("sha256-"),
    ),
  ).toHaveLength(1)
  const said = await sandbox.nbstacks("budget", "--json")
  expect(said.code).toBe(1)
  const { images } = JSON.parse(said.stdout)
  expect(images[0]).toMatchObject({
    image: "lab",
    bounds: [
      { kind: "image", over: false },
      { kind: "grow", over: true },
    ],
  })
  expect(images[0].advice.largest[0].layer).toBe(1)

  // A bound that was lowered counts for an image that is built already, and an absolute one needs no release.
  for (const [budget, sentence] of [
    ["{image: 1MB}", "1.4 MB of 1.0 MB in all"],
    ["{layer: 100kB}", /a layer of \d+ kB, where 100 kB are allowed/],
  ] as const) {
    await tree(budget)
    const over = await sandbox.nbstacks("check", "lab")
    expect([over.code, over.stderr]).toEqual([1, expect.stringMatching(sentence)])
  }
  await tree("{layers: 1, grow: 50%}")
  const second = await sandbox.nbstacks("publish")
  expect([second.code, second.stderr]).toEqual([0, expect.stringContaining("Release ")])
})

test("what is no budget is refused where it is written", async () => {
  await using sandbox = await openSandbox(host)
  await sandbox.write({
    "nbstacks.yaml": "version: 1\nimages: {lab: {from: example.org/base:1, budget: {grow: five, image: big}}}\n",
  })
  const { code, stderr } = await sandbox.nbstacks("budget")
  expect(code).toBe(2)
  expect(stderr).toContain("must be a share such as 5% or 2.5%")
  expect(stderr).toContain("must be a size such as")
})
