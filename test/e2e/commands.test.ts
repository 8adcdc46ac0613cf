import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { expect, test, vi } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import type { Server } from "../../src/host/http.ts"
import { startRegistry, type RunningRegistry } from "../support/registry.ts"
import { openSandbox, prepared, program, type Sandbox } from "../support/sandbox.ts"
import { pushTiny } from "../support/tiny.ts"

const host = makeHost(process.env)

async function openTree(registry: string, parent: string, more = ""): Promise<Sandbox> {
  const sandbox = await openSandbox(host)
  return await prepared(sandbox, async () => {
    await sandbox.write({
      "nbstacks.yaml": `version: 1\nregistry: ${registry}\n${more}images:\n  base:\n    from: ${parent}\n    files: [{from: note.txt, to: /srv/note.txt}]\n    checks: {profile: none, commands: ["cat /srv/note.txt"]}\n  child:\n    from: base\n    env: {CHILD: "1"}\n`,
      "note.txt": "note\n",
    })
    const lock = await sandbox.nbstacks("lock")
    if (lock.code !== 0) throw new Error(lock.stderr)
    await sandbox.git("init", "-q", "-b", "main")
    await sandbox.git("add", "-A")
    await sandbox.git("commit", "-q", "-m", "Begin")
  })
}

/** Ends a registry. Its port answers that nobody is there, or another test's server might take it. */
async function takeDown(registry: RunningRegistry): Promise<Server> {
  await registry[Symbol.asyncDispose]()
  return await host.serve(async () => ({ status: 503 }), { port: Number(registry.address.split(":")[1]) })
}

test("build brings what only the registry has, and works without it afterwards", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  expect((await sandbox.nbstacks("publish")).code).toBe(0)
  const env = { ...sandbox.env, NBSTACKS_STORE: join(sandbox.folder, "../empty-store") }
  const nbstacks = (...args: readonly string[]): ReturnType<typeof host.run> =>
    host.run({ argv: [program, ...args], cwd: sandbox.folder, env })
  const built = await nbstacks("build", "child", "--json")
  expect(built.code).toBe(0)
  const { images }: { images: { image: string; digest: string; built: boolean }[] } = JSON.parse(built.stdout)
  expect(images.map(({ image, built: now }) => [image, now])).toEqual([
    ["base", false],
    ["child", false],
  ])
  const verified = await nbstacks("store", "verify")
  expect([verified.code, verified.stderr.includes("Read 0 manifests")]).toEqual([0, false])
  await using _down = await takeDown(registry)
  expect((await nbstacks("plan")).code).toBe(3)
})

test("with the registry down, what the local store has is built and checked offline, and says when it cannot be", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  expect((await sandbox.nbstacks("build")).code).toBe(0)
  await using _down = await takeDown(registry)
  expect((await sandbox.nbstacks("check", "base", "--offline")).code).toBe(0)
  const refused = await sandbox.nbstacks("publish")
  expect(refused.code).toBe(3)
  expect(refused.stderr).toContain("Nothing was tagged.")
  expect(refused.stderr.trimEnd().split("\n").at(-1)).toMatch(/^hint: /)
})

test("a saved plan beside nbstacks.yaml does not make the tree dirty; a new file that is built does", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  expect((await sandbox.nbstacks("plan", "--out", "plan.json")).code).toBe(0)
  expect((await sandbox.nbstacks("publish", "--plan", "plan.json")).code).toBe(0)
  await sandbox.write({
    "other.txt": "new\n",
    "nbstacks.yaml": (await host.files.readText(join(sandbox.folder, "nbstacks.yaml"))).replace(
      "note.txt,",
      "other.txt,",
    ),
  })
  await sandbox.git("add", "nbstacks.yaml")
  await sandbox.git("commit", "-q", "-m", "Forget a file")
  const refused = await sandbox.nbstacks("publish")
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain("?? other.txt")
})

test("a release never leaves a platform out", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openSandbox(host)
  await sandbox.write({
    "nbstacks.yaml": `version: 1\nregistry: ${registry.address}\nplatforms: [linux/amd64, linux/arm64]\nimages:\n  base: {bootstrap: {suite: bookworm, packages: [tini]}}\n`,
    "nbstacks.lock": `version: 1\ndebian:\n  base:\n    linux/amd64: {tini: "1"}\n    linux/arm64: {tini: "1"}\n`,
  })
  const one = await sandbox.nbstacks("publish", "--platform", "linux/amd64")
  expect([one.code, one.stderr.includes("A release cannot leave out linux/arm64")]).toEqual([2, true])
  // What this machine cannot build is said before anything is built.
  const both = await sandbox.nbstacks("publish")
  expect(both.code).toBe(2)
  expect(both.stderr).toContain("base for linux/arm64")
  expect(both.stderr).not.toContain("base  built")
})

test("rows that were built and not checked say so, and a failing check has not passed", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  await sandbox.nbstacks("build")
  const { stdout } = await sandbox.nbstacks("plan")
  expect(stdout).toContain("has not passed yet")
  expect(stdout).not.toContain("checks changed")
})

test("Ctrl-C in checks is no failure and no bug: what was begun is ended, and how to go on is said", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  const text = await host.files.readText(join(sandbox.folder, "nbstacks.yaml"))
  await sandbox.write({
    "nbstacks.yaml": text.replace("cat /srv/note.txt", "echo begun >&2; sleep 60; cat /srv/note.txt"),
  })
  expect((await sandbox.nbstacks("build")).code).toBe(0)
  for (const command of [
    ["check", "base"],
    ["publish", "--no-push", "--allow-dirty"],
    ["publish", "--allow-dirty"],
  ]) {
    const events = join(sandbox.folder, "../events.ndjson")
    await host.files.remove(events)
    const child = spawn(program, [...command, "--runtime", "bubblewrap", "--events", events], {
      cwd: sandbox.folder,
      env: sandbox.env,
    })
    let story = ""
    child.stderr.on("data", (bytes: Buffer) => (story += bytes.toString()))
    const closed = once(child, "close") as Promise<[number | null]>
    await vi.waitUntil(async () => (await host.files.readText(events).catch(() => "")).includes('"phase":"check"'), {
      timeout: 60_000,
    })
    await host.sleep(1000)
    child.kill("SIGINT")
    expect([command, (await closed)[0]]).toEqual([command, 130])
    expect(story).toContain("Interrupted. ")
    expect(story).not.toMatch(/bug in nbstacks|error/)
  }
})

test("with --json an error is a document too", async () => {
  await using sandbox = await openSandbox(host)
  const { code, stdout, stderr } = await sandbox.nbstacks("plan", "--json")
  expect(code).toBe(2)
  expect(JSON.parse(stdout)).toMatchObject({
    version: 1,
    error: { code: "cannot", message: expect.stringContaining("no nbstacks.yaml"), hint: expect.any(String) },
  })
  expect(stderr).toContain("error: There is no nbstacks.yaml")
})

test("a dry run names every tag, and what would be refused", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(
    registry.address,
    await pushTiny(host, registry.address),
    'tags: ["{release}", "day-{date}-{git}"]\n',
  )
  await sandbox.write({ "note.txt": "changed\n" })
  const { code, stdout } = await sandbox.nbstacks("publish", "--dry-run")
  const short = (await sandbox.git("rev-parse", "HEAD")).slice(0, 7)
  expect(code).toBe(0)
  expect(stdout.match(new RegExp(`child:(?:day-)?\\d{4}\\.\\d\\d\\.\\d\\d-${short}`, "g"))).toHaveLength(2)
  expect(stdout).toContain("It would be refused")
})

test("reasons name a row's own files and the commits that changed them, also those that are gone", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  await sandbox.write({
    "nbstacks.yaml": `version: 1\nregistry: ${registry.address}\ndefaults: {checks: {profile: none}}\nimages:\n  root: {from: "${registry.address}/tiny:1", files: [{from: fa/, to: /a/}]}\n  kid: {from: root, files: [{from: fb/, to: /b/}]}\n`,
    "fa/same.txt": "same\n",
    "fb/same.txt": "same\n",
    "fb/gone.txt": "gone\n",
  })
  await sandbox.git("add", "-A")
  await sandbox.git("commit", "-q", "-m", "Two folders")
  expect((await sandbox.nbstacks("publish")).code).toBe(0)
  await sandbox.git("rm", "-q", "fb/gone.txt")
  await sandbox.git("update-index", "--chmod=+x", "fb/same.txt")
  await sandbox.write({ "fb/new.txt": "same\n" })
  await sandbox.git("add", "fb/new.txt")
  await sandbox.git("commit", "-q", "-m", "Change the second")
  await sandbox.git("checkout", "-q", "--", ".")
  await host.files.setMode(join(sandbox.folder, "fb/same.txt"), 0o755)
  const short = await sandbox.git("rev-parse", "--short", "HEAD")
  expect((await sandbox.nbstacks("plan")).stdout).toContain(
    `kid  fb/gone.txt was removed in ${short}, fb/new.txt is new in ${short}, fb/same.txt changed in ${short}\n`,
  )
})

test("store gc removes nothing unasked, and what was used within the hour never", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  expect((await sandbox.nbstacks("build")).code).toBe(0)
  await sandbox.write({ "note.txt": "another note\n" })
  expect((await sandbox.nbstacks("build")).code).toBe(0)
  const unasked = await sandbox.nbstacks("store", "gc")
  expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining("hint: Say so with --yes")])
  const blobs = await host.files.list(join(sandbox.env["NBSTACKS_STORE"] ?? "", "blobs/sha256"))
  // As if all of it had been written long ago.
  const aged = ["-c", 'find "$0" -type f -exec touch -d 2020-01-01 {} +', sandbox.env["NBSTACKS_STORE"] ?? ""]
  expect((await host.run({ argv: ["sh", ...aged] })).code).toBe(0)
  const dry = await sandbox.nbstacks("store", "gc", "--dry-run", "--older-than", "1")
  expect([dry.code, dry.stderr]).toEqual([0, expect.stringContaining("Would remove 2 old build records")])
  expect(await host.files.list(join(sandbox.env["NBSTACKS_STORE"] ?? "", "blobs/sha256"))).toEqual(blobs)
  const done = await sandbox.nbstacks("store", "gc", "--yes", "--older-than", "1")
  expect([done.code, done.stderr]).toEqual([0, expect.stringContaining("Removed ")])
  expect((await sandbox.nbstacks("store", "verify")).code).toBe(0)
  const again = await sandbox.nbstacks("store", "gc", "--yes", "--older-than", "1")
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("Nothing to remove")])
  expect((await sandbox.nbstacks("build", "--json")).stdout).not.toContain('"built": true')
})

test("Ctrl-C in a command that run starts on a terminal reaches that command, and its exit code comes back", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  expect((await sandbox.nbstacks("build", "base")).code).toBe(0)
  const argv = `exec ${program} run base --runtime bubblewrap -- sh`
  const terminal = spawn("script", ["--quiet", "--return", "--command", argv, "/dev/null"], {
    cwd: sandbox.folder,
    env: { ...sandbox.env, SHELL: "/bin/sh" },
  })
  let seen = ""
  terminal.stdout.on("data", (bytes: Buffer) => (seen += bytes.toString()))
  const see = async (what: RegExp): Promise<void> =>
    void (await vi.waitUntil(() => what.test(seen), { timeout: 60_000 }))
  const closed = once(terminal, "close") as Promise<[number | null]>
  try {
    // What is typed before the shell is there may be dropped, as on any terminal that changes its mode.
    await see(/~ \$ /)
    terminal.stdin.write("echo at-$((40 + 1)); cat\n")
    await see(/at-41/)
    terminal.stdin.write("\u0003")
    await see(/\^C[^]*~ \$ /)
    terminal.stdin.write("echo at-$((40 + 2)); exit 7\n")
    expect([(await closed)[0], seen.includes("at-42")]).toEqual([7, true])
  } finally {
    terminal.kill("SIGHUP")
    await closed
  }
})
