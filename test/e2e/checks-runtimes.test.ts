import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { runCommand, startLab, type RunJob } from "../../src/checks/run.ts"
import { runChecks } from "../../src/checks/run-checks.ts"
import { processLabel } from "../../src/checks/runtime/client.ts"
import { canRun, pickRuntime, probeRuntimes } from "../../src/checks/runtime/pick.ts"
import { hold, runtimeNames, type Runtime, type RuntimeName } from "../../src/checks/runtime/runtime.ts"
import { readRunnable } from "../../src/checks/image.ts"
import type { Host } from "../../src/host/host.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { digestOf } from "../../src/oci/digest.ts"
import { imageInterpreter, type Inside } from "../../src/packages/bytecode/interpreter.ts"
import { serveStore, type StoreServer } from "../../src/oci/store/server/serve.ts"
import type { Location } from "../../src/oci/store/store.ts"
import { startDocker } from "../support/docker.ts"
import { jupyterImages, keptCache } from "../support/jupyter.ts"

const signal = new AbortController().signal

let stack: AsyncDisposableStack
let host: Host
let server: StoreServer
let location: Location
let base: Location

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  const docker = stack.use(await startDocker())
  host = makeHost({ ...docker.host.env, XDG_CACHE_HOME: keptCache(docker.host) })
  const images = stack.use(await jupyterImages(host))
  location = await images.image()
  base = await images.base()
  server = stack.use(await serveStore(images.store, host, { port: 0 }))
})

afterAll(async () => {
  await stack.disposeAsync()
})

const cell = {
  cell_type: "code",
  source: "import os; print(os.getuid())",
  metadata: {},
  outputs: [],
  execution_count: null,
}
const notebook = JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] })

describe.each(runtimeNames)("%s", (name: RuntimeName) => {
  let runtime: Runtime

  beforeAll(async () => {
    runtime = await pickRuntime(host, { name, address: server.address, signal })
  })

  function job(folder: string): RunJob {
    return { host, runtime, folder, signal, report: () => undefined }
  }

  test("checks an image", async () => {
    const report = await runChecks(
      { name: "demo", location },
      {
        profile: "jupyter",
        kernels: ["python3"],
        imports: { python3: ["json"] },
        notebooks: [{ path: "a.ipynb", sha256: digestOf(notebook).slice("sha256:".length), timeout: 120 }],
        paths: [{ path: "/lab", status: 200 }],
        commands: [{ run: "id -u; id -g; pwd", timeout: 60 }],
        later: {},
      },
      {
        host,
        runtime: async () => runtime,
        notebook: async () => Buffer.from(notebook),
        signal,
        report: () => undefined,
      },
    )
    expect(report.results.filter(({ status }) => status !== "passed")).toEqual([])
    expect(report).toMatchObject({ runtime: name, passed: 9, failed: 0 })
    expect(report.results.at(-1)?.output).toBe("1000\n100\n/home/jovyan\n")
    await expectNoContainers()
  })

  test("runs JupyterLab with a folder as ~/work", async () => {
    const folder = await sharedFolder()
    try {
      {
        await using lab = await startLab({ name: "demo", location }, job(folder))
        expect(lab.link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/lab\?token=[0-9a-f]{48}$/)
        const { origin, searchParams } = new URL(lab.link)
        const headers = { authorization: `token ${searchParams.get("token")}` }
        const listed = await fetch(`${origin}/api/contents/work`, { headers })
        expect(await listed.json()).toMatchObject({ content: [{ name: "mine.txt" }] })
        const model = { type: "file", format: "text", content: "theirs" }
        const put = { method: "PUT", headers, body: JSON.stringify(model) }
        expect((await fetch(`${origin}/api/contents/work/theirs.txt`, put)).status).toBe(201)
        expect((await fetch(`${origin}/api/contents/work`)).status).toBe(403)
      }
      expect(await host.files.readText(join(folder, "theirs.txt"))).toBe("theirs")
      expect((await host.files.stat(join(folder, "theirs.txt")))?.uid).toBe(1000)
    } finally {
      await host.files.remove(folder)
    }
    await expectNoContainers()
  })

  test("runs a command instead and gives its exit code", async () => {
    const folder = await sharedFolder()
    try {
      const argv = ["/bin/sh", "-c", 'test "$(cat ~/work/mine.txt)" = mine && test "$(id -u)" = 1000 && exit 7']
      expect(await runCommand({ name: "demo", location: base }, argv, { ...job(folder), tty: false })).toBe(7)
    } finally {
      await host.files.remove(folder)
    }
    await expectNoContainers()
  })

  test("gives a command that is entered its pipes, byte by byte, and the image's own Python", async () => {
    {
      const image = await readRunnable("demo", base)
      const plain = { command: () => hold, bare: true, env: {}, signal, say: () => undefined }
      await using container = await runtime.start(image, plain)
      const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256))
      await using child = await host.start({ ...container.inside(["cat"]), input: bytes })
      const [out, , { code }] = await Promise.all([
        Array.fromAsync(child.stdout),
        Array.fromAsync(child.stderr),
        child.ended,
      ])
      expect(code).toBe(0)
      expect(Buffer.compare(Buffer.concat(out), bytes)).toBe(0)
      const own = {
        inside: ((argv) => container.inside(argv)) satisfies Inside,
        executable: "/usr/bin/python3.11",
        python: "3.11.2",
      }
      expect((await imageInterpreter(host, own, signal))?.build).toMatch(/^cpython-311 3495 3\.11\.\d+ /)
      expect(await imageInterpreter(host, { ...own, executable: "/usr/bin/python3.99" }, signal)).toBeUndefined()
    }
    await expectNoContainers()
  })

  test("keeps a token off command lines and ends a container on abort", async () => {
    const stop = new AbortController()
    const image = await readRunnable("demo", base)
    const env = { SECRET: "s3cret'value\nsecond" }
    {
      await using container = await runtime.start(image, {
        command: () => hold,
        env,
        signal: stop.signal,
        say: () => undefined,
      })
      const seen = await container.exec(["/bin/sh", "-c", 'printf %s "$SECRET"'], { timeout: 60, signal })
      expect(seen).toEqual({ code: 0, output: env.SECRET, timedOut: false })
      for (const { name: pid } of (await host.files.list("/proc")) ?? []) {
        const line = /^\d+$/.test(pid) ? await host.files.readText(`/proc/${pid}/cmdline`).catch(() => "") : ""
        expect(line).not.toContain("s3cret")
      }
      stop.abort()
      await container.ended
    }
    await expectNoContainers()
  })
})

test("says of each runtime whether it works, and why not", async () => {
  const all = await probeRuntimes(host, { address: server.address, signal })
  expect(all).toEqual(runtimeNames.map((name) => ({ name, works: true })))
  const bare = makeHost({ ...host.env, DOCKER_HOST: "unix:///no/such/socket" })
  const [docker] = await probeRuntimes(bare, { address: server.address, signal })
  expect(docker?.works).toMatch(/Cannot connect to the Docker daemon/)
  await expect(pickRuntime(bare, { name: "docker", address: server.address, signal })).rejects.toMatchObject({
    code: "cannot",
    message: "docker does not work on this machine",
  })
  expect((await pickRuntime(bare, { signal })).name).toBe("bubblewrap")
  expect(await canRun(host, "linux/amd64")).toBe(true)
  expect(await canRun(host, "linux/s390x")).toMatchObject({ no: "this machine is amd64 and cannot run linux/s390x" })
})

async function sharedFolder(): Promise<string> {
  const folder = await host.files.makeTemporary("nbstacks, a folder-")
  await host.files.write(join(folder, "mine.txt"), "mine")
  await host.files.setOwner(folder, 1000, 100)
  return folder
}

async function expectNoContainers(): Promise<void> {
  for (const client of ["/usr/bin/docker", "podman"] as const) {
    const argv = [
      client,
      "ps",
      "--all",
      "--filter",
      `label=${processLabel}=${host.machine.pid}`,
      "--format",
      "{{.Names}}",
    ] as const
    expect((await host.run({ argv })).stdout).toBe("")
  }
}
