import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { startRegistry } from "../support/registry.ts"
import { openSandbox, prepared, program, type Sandbox } from "../support/sandbox.ts"
import { pushTiny } from "../support/tiny.ts"

const host = makeHost(process.env)

const rows = ["a", "b", "c", "d"]

function treeText(registry: string, parent: string): string {
  const images = rows.map(
    (name, index) =>
      `  ${name}:\n    from: ${index === 0 ? parent : rows[index - 1]}\n    files: [{from: ${name}.txt, to: /srv/${name}.txt}]\n    checks: {commands: ["grep -q ${name} /srv/${name}.txt"]}`,
  )
  return `version: 1\nregistry: ${registry}\ndefaults: {checks: {profile: none}}\nimages:\n${images.join("\n")}\n`
}

async function openTree(registry: string, parent: string): Promise<Sandbox> {
  const sandbox = await openSandbox(host)
  return await prepared(sandbox, async () => {
    await sandbox.write({
      "nbstacks.yaml": treeText(registry, parent),
      ...Object.fromEntries(rows.map((name) => [`${name}.txt`, `${name}\n`])),
    })
    const lock = await sandbox.nbstacks("lock")
    if (lock.code !== 0) throw new Error(lock.stderr)
    await sandbox.git("init", "-q", "-b", "main")
    await sandbox.git("add", "-A")
    await sandbox.git("commit", "-q", "-m", "Begin")
  })
}

/** Runs publish and kills it, and all it started, as soon as an event is written that fits. */
async function killedAt(
  sandbox: Sandbox,
  fits: (event: Record<string, unknown>) => boolean,
): Promise<readonly Record<string, unknown>[]> {
  const path = join(sandbox.folder, "../events.ndjson")
  await host.files.remove(path)
  const child = await host.start({
    argv: [program, "publish", "--jobs", "1", "--events", path],
    cwd: sandbox.folder,
    env: sandbox.env,
  })
  const drained = Promise.all([Array.fromAsync(child.stdout), Array.fromAsync(child.stderr)])
  let ended = false
  void child.ended.then(() => (ended = true))
  for (;;) {
    const events = await readEvents(path)
    if (ended)
      throw new Error(`publish ended before it could be killed: ${Buffer.concat((await drained)[1]).toString()}`)
    if (events.some(fits)) {
      child.kill("SIGKILL")
      await child.ended
      return events
    }
    await host.sleep(5)
  }
}

async function readEvents(path: string): Promise<readonly Record<string, unknown>[]> {
  const text = (await host.files.stat(path)) === undefined ? "" : await host.files.readText(path)
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
}

const phases: readonly (readonly [string, (event: Record<string, unknown>) => boolean])[] = [
  ["the first build", ({ kind, phase, image }) => kind === "started" && phase === "build" && image === "a"],
  ["a later build", ({ kind, phase, image }) => kind === "started" && phase === "build" && image === "c"],
  ["a check", ({ kind, phase, image }) => kind === "started" && phase === "check" && image === "b"],
  ["a push", ({ kind, phase, image }) => kind === "started" && phase === "push" && image === "b"],
  ["the end of the pushes", ({ kind, phase, image }) => kind === "finished" && phase === "push" && image === "d"],
  ["the tags", ({ kind, text }) => kind === "note" && String(text).startsWith("Recorded release")],
]

test.each(phases)("killed during %s, a rerun finishes and builds nothing twice", async (_, fits) => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  const events = await killedAt(sandbox, fits)
  const finished = events
    .filter(({ kind, phase, outcome }) => kind === "finished" && phase === "build" && outcome === "built")
    .map(({ image }) => image)
  const store = openRegistry(registry.address, host, {})
  const tags = async (): Promise<readonly string[]> =>
    (
      await Promise.all(
        rows.map(async (row) => (await Array.fromAsync(store.tags(row))).filter((tag) => !tag.startsWith("sha256-"))),
      )
    ).flat()
  const recorded = (await Array.fromAsync(store.tags("nbstacks"))).filter((tag) => tag.startsWith("release-"))
  // No tag without a record of its release.
  if (recorded.length === 0) expect(await tags()).toEqual([])

  const { code, stdout, stderr } = await sandbox.nbstacks("publish", "--json")
  expect([code, stderr.includes("error")]).toEqual([0, false])
  const { release, images }: { release: string; images: { image: string; built: boolean }[] } = JSON.parse(stdout)
  expect(images.filter(({ built, image }) => built && finished.includes(image))).toEqual([])
  expect(await tags()).toEqual(rows.map(() => release))
  expect((await Array.fromAsync(store.tags("nbstacks"))).filter((tag) => tag.startsWith("release-"))).toEqual([
    "release-0000000001",
  ])
  expect((await sandbox.nbstacks("store", "verify")).code).toBe(0)
})
