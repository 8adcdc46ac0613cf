import { createServer } from "node:http"
import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import type { Host } from "../../src/host/host.ts"
import { openSandbox, program, type Sandbox } from "../support/sandbox.ts"

const host: Host = makeHost(process.env)
const config = (registry: string): string =>
  `version: 1\n${registry === "" ? "" : `registry: ${registry}\n`}images:\n  base:\n    bootstrap: {suite: bookworm, packages: [python3]}\n    checks: {profile: none}\n`

async function withTree(): Promise<Sandbox> {
  const sandbox = await openSandbox(host)
  await sandbox.write({ "nbstacks.yaml": config("") })
  return sandbox
}

/** What every error of the machine has in common: exit code 2, one `error:`, no stack. */
function expectSentence({ code, stderr }: { code: number; stderr: string }, sentence: string): void {
  expect(stderr).toContain(sentence)
  expect(stderr).not.toMatch(/bug in nbstacks|SuppressedError|^\s+at /m)
  expect(stderr).toContain("hint: ")
  expect(code).toBe(2)
}

test("a lock that is a folder, and a configuration whose links lead in a circle, are said by their paths", async () => {
  expect.hasAssertions()
  await using sandbox = await withTree()
  await host.files.makeDirectory(join(sandbox.folder, "nbstacks.lock"))
  expectSentence(await sandbox.nbstacks("plan"), "nbstacks.lock: it is a folder, not a file")
  await host.files.remove(join(sandbox.folder, "nbstacks.yaml"))
  await host.files.symlink("nbstacks.yaml", join(sandbox.folder, "nbstacks.yaml"))
  expectSentence(await sandbox.nbstacks("plan"), "circle")
})

test("a log has no colours, whoever runs us", async () => {
  await using sandbox = await openSandbox(host, { CI: "true", GITHUB_ACTIONS: "true" })
  const { code, stderr } = await sandbox.nbstacks("plan")
  expect([code, stderr.startsWith("error: ")]).toEqual([2, true])
})

test("a port in use is said before anything is started", async () => {
  expect.hasAssertions()
  await using sandbox = await withTree()
  await using server = await host.serve(() => Promise.resolve({ status: 404, headers: {} }), { port: 0 })
  for (const command of [
    ["store", "serve"],
    ["run", "base"],
  ])
    expectSentence(await sandbox.nbstacks(...command, "--port", String(server.port)), `Port ${server.port} is in use`)
})

test("what is no store is neither verified, collected nor served", async () => {
  expect.hasAssertions()
  await using sandbox = await withTree()
  for (const [store, sentence] of [
    [sandbox.folder, "is no store: it has files"],
    [join(sandbox.folder, "nbstacks.yaml"), "is no folder"],
  ] as const)
    for (const command of [["verify"], ["gc", "--yes"], ["serve"]]) {
      const argv = [program, "store", ...command] as const
      const env = { ...sandbox.env, NBSTACKS_STORE: store }
      expectSentence(await host.run({ argv, cwd: sandbox.folder, env, timeout: 60_000 }), sentence)
    }
  expect((await host.files.list(sandbox.folder))?.map(({ name }) => name)).toEqual(["nbstacks.yaml"])
})

test("output that cannot be written is one sentence", async () => {
  expect.hasAssertions()
  await using sandbox = await withTree()
  const argv = ["sh", "-c", 'exec "$0" schema >/dev/full', program] as const
  expectSentence(
    await host.run({ argv, cwd: sandbox.folder, env: sandbox.env, timeout: 60_000 }),
    "Cannot write to stdout: no space is left",
  )
})

test("a Docker configuration that is no JSON ends the command, also when the registry leaves its answer open", async () => {
  await using sandbox = await openSandbox(host)
  const server = createServer((_request, response) => {
    response.writeHead(401, { "www-authenticate": 'Basic realm="test"', "content-length": "1000" })
    response.write("{")
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    await sandbox.write({
      "nbstacks.yaml": config(`127.0.0.1:${port}/hub`).replace(
        "bootstrap: {suite: bookworm, packages: [python3]}",
        `from: 127.0.0.1:${port}/parent:1\n    env: {A: "1"}`,
      ),
      "../docker/config.json": "{bad",
    })
    const { code, stderr } = await host.run({
      argv: [program, "lock"],
      cwd: sandbox.folder,
      env: sandbox.env,
      timeout: 60_000,
    })
    expect(stderr).toContain("config.json")
    expect(code).toBeLessThan(5)
  } finally {
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
})

test.each([
  ['{"credsStore": "nbstacks-absent"}', ["no login for it", "docker-credential-nbstacks-absent"]],
  ["{}", ["no login for it", "docker login"]],
  ['{"auths": {"HOST": {"auth": "YTpi"}}}', ["with the login of this machine", "docker login"]],
])("with the logins %s a refusal says which login it was asked with", async (logins, parts) => {
  await using sandbox = await openSandbox(host)
  const headers = { "www-authenticate": 'Basic realm="test"' }
  await using server = await host.serve(() => Promise.resolve({ status: 401, headers }), { port: 0 })
  const address = `127.0.0.1:${server.port}`
  await sandbox.write({
    "nbstacks.yaml": `version: 1\nimages:\n  base:\n    from: ${address}/parent:1\n    env: {A: "1"}\n`,
    "../docker/config.json": logins.replace("HOST", address),
  })
  const { code, stderr } = await sandbox.nbstacks("lock")
  for (const part of parts) expect(stderr).toContain(part)
  expect(code).toBe(4)
})

test("folders of /proc cannot be made, and the attempt ends", async () => {
  await expect(host.files.makeDirectory("/proc/nbstacks/store")).rejects.toMatchObject({ code: "ENOENT" })
  await expect(host.files.lock("/proc/nbstacks/locks/one", { timeout: 1000 })).rejects.toMatchObject({ code: "ENOENT" })
})
