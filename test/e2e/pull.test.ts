import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { startRegistry } from "../support/registry.ts"
import { openSandbox } from "../support/sandbox.ts"
import { pushTiny } from "../support/tiny.ts"

const host = makeHost(process.env)

test("what a node pulls depends on what it has: the parent, a sibling, another image", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openSandbox(host)
  const parent = await pushTiny(host, registry.address)
  await sandbox.write({
    "nbstacks.yaml": `version: 1
registry: ${registry.address}
defaults: {checks: {profile: none}}
images:
  base: {from: "${parent}", files: [{from: base, to: /srv/base/}]}
  lab: {from: base, files: [{from: lab, to: /srv/lab/}]}
  other: {from: base, files: [{from: base, to: /srv/other/}]}
`,
    "base/a.txt": "a\n",
    "lab/b.txt": "b\n",
  })
  for (const command of ["lock", "publish"]) expect((await sandbox.nbstacks(command)).code).toBe(0)
  const { code, stdout, stderr } = await sandbox.nbstacks(
    "inspect",
    "lab",
    "--pull",
    "--having",
    parent,
    "--bandwidth",
    "8Mbit/s",
    "--unpacking",
    "1MB/s",
    "--json",
  )
  expect([code, stderr]).toEqual([0, ""])
  const { nodes } = JSON.parse(stdout)
  expect(
    nodes.map(({ having, layers, of }: { having: string; layers: number; of: number }) => [having, layers, of]),
  ).toEqual([
    ["nothing", 3, 3],
    ["base (its parent)", 1, 3],
    ["other", 1, 3],
    [parent, 2, 3],
  ])
  const [nothing] = nodes
  expect(nothing.seconds.network).toBeCloseTo(nothing.bytes / 1e6)
  expect(nothing.seconds.most).toBeCloseTo(nothing.bytes / 1e6 + nothing.unpacked / 1e6)
  const shown = await sandbox.nbstacks("inspect", "lab", "--pull")
  expect(shown.stdout).toMatch(/nothing +1\.1 MB +3 of 3 +2\.0 MB +0\.0 s/)
  // The page has the steps above the base alone, by the tree and by the evidence beside the image.
  const at = JSON.parse((await sandbox.nbstacks("inspect", "lab", "--json")).stdout).digest
  for (const args of [["lab"], ["-C", "..", `${registry.address}/lab@${at}`]]) {
    const page = (await sandbox.nbstacks("page", ...args)).stdout
    expect(page).toMatch(
      /```dockerfile\nFROM 127\.0\.0\.1:\d+\/base@sha256:[0-9a-f]{64}\n# nbstacks: \/srv\/lab\/b\.txt\n```/,
    )
  }
  for (const [args, sentence] of [
    [["--pull", "--bandwidth", "fast"], "`fast` is no pace"],
    [["--bandwidth", "1Gbit/s"], "are for `--pull`"],
    [["--pull", "--packages"], "exclude each other"],
  ] as const)
    expect(await sandbox.nbstacks("inspect", "lab", ...args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(sentence),
    })
})
