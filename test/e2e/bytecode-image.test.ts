import { join } from "node:path"
import { expect, test } from "vitest"
import { rootsFolder } from "../../src/checks/runtime/bubblewrap/roots.ts"
import { bubblewrapRuntime } from "../../src/checks/runtime/bubblewrap/bubblewrap.ts"
import { findTools } from "../../src/checks/runtime/bubblewrap/tools.ts"
import { imageStarter } from "../../src/cli/checking.ts"
import { compilerFinder, type Compiled } from "../../src/engines/native/bytecode.ts"
import type { Host } from "../../src/host/host.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { platformOfHost } from "../support/debian.ts"
import { compiled, downloadWheels, unpacked } from "../support/bytecode.ts"
import { jupyterImages } from "../support/jupyter.ts"

/** This machine with a cache of its own, as if it had no program on its PATH. */
async function machineWithout(): Promise<Host & AsyncDisposable> {
  const folder = await makeHost(process.env).files.makeTemporary("nbstacks-image-python-")
  const host = makeHost({ ...process.env, NBSTACKS_CACHE: join(folder, "cache") })
  const env = { ...host.env, PATH: "/nowhere" }
  return { ...host, env, [Symbol.asyncDispose]: () => host.files.remove(folder) }
}

test("the image's own Python compiles in the sandbox, and is started only when something is compiled", async () => {
  await using host = await machineWithout()
  await using images = await jupyterImages(makeHost(process.env))
  const parent = await images.base()
  const signal = AbortSignal.timeout(300_000)
  const base = await rootsFolder(host)
  const tools = await findTools(host, { folder: base, signal })
  if ("no" in tools) throw new Error(tools.no)
  let starts = 0
  const runtime = bubblewrapRuntime({ tools, base }, host)
  const start = imageStarter(
    host,
    async () => {
      starts += 1
      return runtime
    },
    () => undefined,
  )
  const wanted: Compiled = {
    environment: { prefix: { path: "/opt/env", kind: "venv", python: "3.11.2" }, create: "/usr/bin/python3.11" },
    name: "row",
    platform: platformOfHost(host),
    parent,
    signal,
    say: () => undefined,
  }
  const folder = join(host.env["NBSTACKS_CACHE"] ?? "", "work")
  const [wheel] = await downloadWheels(makeHost(process.env), folder, ["markupsafe==3.0.2"])
  if (wheel === undefined) throw new Error("pip gave no wheel")
  const first = await (async () => {
    await using compiler = await compilerFinder(host, start)(wanted)
    expect(compiler.build).toMatch(/^cpython-311 3495 3\.11\.\d+ /)
    const interpreter = await compiler.interpreter()
    const pack = await compiled(wheel, { host, interpreter, folder, python: "3.11" })
    const files = await unpacked(host, pack)
    const bytes = files.get("lib/python3.11/site-packages/markupsafe/__pycache__/__init__.cpython-311.pyc")
    expect([bytes?.readUInt16LE(0), bytes?.readUInt32LE(8)]).toEqual([3495, 315_532_800])
    expect(bytes?.includes("/opt/env/lib/python3.11/site-packages/markupsafe/__init__.py")).toBe(true)
    return { build: compiler.build, files }
  })()
  expect(starts).toBe(1)
  await using again = await compilerFinder(host, start)(wanted)
  expect([again.build, starts]).toEqual([first.build, 1])
  const pack = await compiled(wheel, { host, interpreter: await again.interpreter(), folder, python: "3.11" })
  expect([...(await unpacked(host, pack))]).toEqual([...first.files])
  expect(starts).toBe(2)
})

test("without any Python it says what helps", async () => {
  await using host = await machineWithout()
  const wanted: Compiled = {
    environment: { prefix: { path: "/opt/env", kind: "venv", python: "3.11.2" }, create: undefined },
    name: "row",
    platform: "linux/s390x",
    parent: { store: undefined as never, repository: "r", digest: `sha256:${"0".repeat(64)}` },
    signal: new AbortController().signal,
    say: () => undefined,
  }
  const start = imageStarter(
    host,
    () => Promise.reject(new Error("not asked for")),
    () => undefined,
  )
  for (const [starts, detail] of [
    [undefined, /the image's own: nothing of an image is run here/],
    [start, /the image's own: Cannot run row: this machine is \w+ and cannot run linux\/s390x/],
  ] as const)
    await expect(compilerFinder(host, starts)(wanted)).rejects.toMatchObject({
      code: "cannot",
      message: "Nothing here can compile the bytecode of `row` for Python 3.11",
      detail: expect.stringMatching(detail),
      hint: expect.stringMatching(/Python 3\.11 .*`bytecode: none`/),
    })
})
