import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { readImage, type Image } from "../../src/oci/image.ts"
import { readMerged } from "../../src/oci/merged.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { basePackages, startApt, type TestPackage } from "../support/apt.ts"
import { startDocker } from "../support/docker.ts"
import { built, commit, digestIn, plan, publish, type Published } from "../support/examples.ts"
import { startRegistry } from "../support/registry.ts"
import { openSandbox, prepared, type Sandbox } from "../support/sandbox.ts"
import { pushTiny } from "../support/tiny.ts"

const host = makeHost(process.env)

/** `stamp`, whatever it is, with files on it, and a Dockerfile on that. */
async function openTree(
  registry: string,
  { stamp, env }: { readonly stamp: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<Sandbox> {
  const tiny = await pushTiny(host, registry)
  const sandbox = await openSandbox(host, env)
  return await prepared(sandbox, async () => {
    await sandbox.write({
      "nbstacks.yaml": `version: 1
registry: ${registry}
defaults: {checks: {profile: none}}
images:
  stamp: ${stamp}
  child:
    from: stamp
    files: [{from: child, to: /srv/child/}]
    checks: {commands: ["cat /srv/stamp /srv/child/note.txt"]}
  top: {from: child, dockerfile: top/Dockerfile}
`,
      "stamp/Dockerfile": `FROM ${tiny}\nUSER 0\nRUN mkdir -p /srv && cat /proc/sys/kernel/random/uuid > /srv/stamp\nUSER 1000:100\n`,
      "child/note.txt": "one\n",
      "top/Dockerfile": "FROM child\nUSER 0\nRUN cat /srv/stamp /srv/child/note.txt > /seen\nUSER 1000:100\n",
    })
    await sandbox.git("init", "-q", "-b", "main")
    const { code, stderr } = await sandbox.nbstacks("lock")
    if (code !== 0) throw new Error(stderr)
    await commit(sandbox, "Begin")
  })
}

/** What each row of a release holds, read from the registry. */
async function contents(registry: string, published: Published): Promise<Readonly<Record<string, string>>> {
  const store = openRegistry(registry, host, {})
  const read = async (row: string, path: string): Promise<string> => {
    const image: Image = await readImage(store, row, digestIn(published, row))
    return Buffer.from((await (await readMerged(image)).readFile(path)) ?? []).toString()
  }
  return {
    stamp: await read("stamp", "srv/stamp"),
    child: await read("child", "srv/stamp"),
    note: await read("child", "srv/child/note.txt"),
    top: await read("top", "seen"),
  }
}

test("a refreshed parent with other bytes takes all that is on it along", async () => {
  await using docker = await startDocker()
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, {
    stamp: `{from: "${registry.address}/tiny:1", dockerfile: stamp/Dockerfile}`,
    env: { DOCKER_HOST: docker.address },
  })
  const first = await publish(sandbox)
  expect([first.code, built(first)]).toEqual([0, ["child", "stamp", "top"]])
  const before = await contents(registry.address, first)
  expect(before).toEqual({ ...before, child: before["stamp"], note: "one\n", top: `${before["stamp"]}one\n` })

  expect((await sandbox.nbstacks("lock", "--upgrade")).code).toBe(0)
  // The change of the child comes with the refresh of its parent, in one commit.
  await sandbox.write({ "child/note.txt": "two\n" })
  await commit(sandbox, "Refresh, and say two")
  const { builds } = await plan(sandbox)
  expect(Object.keys(builds)).toEqual(["stamp", "child", "top"])
  expect(builds["stamp"]).toEqual([{ kind: "refresh", value: expect.stringMatching(/^\d{4}-\d\d-\d\d/) }])
  expect(builds["child"]).toEqual([
    { kind: "changed", path: "child/note.txt", how: "changed" },
    { kind: "parent", id: "stamp", because: "rebuilt" },
  ])
  const second = await publish(sandbox)
  expect([second.code, built(second)]).toEqual([0, ["child", "stamp", "top"]])
  const after = await contents(registry.address, second)
  expect(after["stamp"]).not.toBe(before["stamp"])
  expect(after).toEqual({ ...after, child: after["stamp"], note: "two\n", top: `${after["stamp"]}two\n` })
  expect(built(await publish(sandbox))).toEqual([])
})

test("a parent whose image is gone, built again elsewhere with other bytes, hides no change", async () => {
  await using docker = await startDocker()
  await using registry = await startRegistry(host)
  await using apt = await startApt()
  const package_ = (text: string): TestPackage => ({ name: "stamp", version: "1.0", files: { "/srv/stamp": text } })
  await apt.publish([...basePackages, package_("a\n")])
  await using sandbox = await openTree(registry.address, {
    stamp: "{bootstrap: {suite: test, packages: [stamp]}}",
    env: { ...apt.host.env, DOCKER_HOST: docker.address },
  })
  const first = await publish(sandbox)
  expect(first.code).toBe(0)
  expect(await contents(registry.address, first)).toEqual({
    stamp: "a\n",
    child: "a\n",
    note: "one\n",
    top: "a\none\n",
  })

  // Somebody cleans the registry, and another machine with nothing of its own goes on; its mirror has other bytes of
  // the same version.
  const gone = `http://${registry.address}/v2/stamp/manifests/${digestIn(first, "stamp")}`
  expect((await host.http({ method: "DELETE", url: gone })).status).toBe(202)
  await host.files.remove(sandbox.env["NBSTACKS_STORE"] ?? "")
  await apt.publish([...basePackages, package_("b\n")])
  // With nothing to do nobody asks for it.
  expect((await plan(sandbox)).builds).toEqual({})
  expect((await plan(sandbox, "--verify")).builds["stamp"]).toEqual([{ kind: "gone" }])
  await sandbox.write({ "child/note.txt": "two\n" })
  await commit(sandbox, "Say two")
  expect((await plan(sandbox)).builds).toEqual({
    stamp: [{ kind: "gone" }],
    child: [
      { kind: "changed", path: "child/note.txt", how: "changed" },
      { kind: "parent", id: "stamp", because: "rebuilt" },
    ],
    top: [{ kind: "parent", id: "child", because: "rebuilt" }],
  })
  const second = await publish(sandbox)
  expect([second.code, built(second)]).toEqual([0, ["child", "stamp", "top"]])
  expect(await contents(registry.address, second)).toEqual({
    stamp: "b\n",
    child: "b\n",
    note: "two\n",
    top: "b\ntwo\n",
  })

  // Going back to the first note is no way back to the first bytes: that build was made on a parent that is gone.
  await sandbox.write({ "child/note.txt": "one\n" })
  await commit(sandbox, "Say one again")
  const third = await publish(sandbox)
  expect([third.code, built(third)]).toEqual([0, ["child", "top"]])
  expect(await contents(registry.address, third)).toEqual({
    stamp: "b\n",
    child: "b\n",
    note: "one\n",
    top: "b\none\n",
  })
})
