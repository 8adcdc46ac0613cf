import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { startRegistry } from "../support/registry.ts"
import { openSandbox, type Sandbox } from "../support/sandbox.ts"
import { pushTiny } from "../support/tiny.ts"

const host = makeHost(process.env)

async function openTree(registry: string, parent: string, note: string): Promise<Sandbox> {
  const sandbox = await openSandbox(host)
  await sandbox.write({
    "nbstacks.yaml": `version: 1\nregistry: ${registry}\ndefaults: {checks: {profile: none}}\nimages:\n  base:\n    from: ${parent}\n    files: [{from: note.txt, to: /srv/note.txt}]\n  child:\n    from: base\n    env: {CHILD: "1"}\n`,
    "note.txt": note,
  })
  const lock = await sandbox.nbstacks("lock")
  if (lock.code !== 0) throw new Error(lock.stderr)
  await sandbox.git("init", "-q", "-b", "main")
  await sandbox.git("add", "-A")
  await sandbox.git("commit", "-q", "-m", note)
  return sandbox
}

test("two publishers at once make two releases, one after the other, and lose none", async () => {
  await using registry = await startRegistry(host)
  const parent = await pushTiny(host, registry.address)
  await using one = await openTree(registry.address, parent, "one")
  await using two = await openTree(registry.address, parent, "two")
  const published = await Promise.all([one, two].map((sandbox) => sandbox.nbstacks("publish", "--json")))
  expect(published.map(({ code }) => code)).toEqual([0, 0])
  const ids = published.map(({ stdout }): string => JSON.parse(stdout).release)
  expect(new Set(ids).size).toBe(2)
  const store = openRegistry(registry.address, host, {})
  const state = await Array.fromAsync(store.tags("nbstacks"))
  expect(state.filter((tag) => tag.startsWith("release-"))).toEqual(["release-0000000001", "release-0000000002"])
  expect(state.filter((tag) => tag.startsWith("tagged-"))).toEqual(["tagged-0000000001", "tagged-0000000002"])
  const tags = (await Array.fromAsync(store.tags("base"))).filter((tag) => !tag.startsWith("sha256-"))
  expect(tags.toSorted()).toEqual(ids.toSorted())
})

test("the same commit published twice at once is one release", async () => {
  await using registry = await startRegistry(host)
  const parent = await pushTiny(host, registry.address)
  await using sandbox = await openTree(registry.address, parent, "same")
  const published = await Promise.all([1, 2].map(() => sandbox.nbstacks("publish", "--json")))
  expect(published.map(({ code, stderr }) => [code, stderr.includes("error")])).toEqual([
    [0, false],
    [0, false],
  ])
  const ids = published.map(({ stdout }): string => JSON.parse(stdout).release)
  expect(new Set(ids).size).toBe(1)
  const state = await Array.fromAsync(openRegistry(registry.address, host, {}).tags("nbstacks"))
  expect(state.filter((tag) => tag.startsWith("release-"))).toEqual(["release-0000000001"])
})
