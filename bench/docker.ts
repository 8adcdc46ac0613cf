import { copyFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type { Host } from "../src/host/host.ts"
import { copyManifest } from "../src/oci/copy.ts"
import { openLayout } from "../src/oci/store/layout/layout.ts"
import { openRegistry } from "../src/oci/store/registry/registry.ts"
import { debianBase } from "../test/support/debian.ts"
import { startDocker, type TestDocker } from "../test/support/docker.ts"
import { uvProgram } from "../test/support/native.ts"
import { startRegistry, type RunningRegistry } from "../test/support/registry.ts"
import { openSandbox, program, type Sandbox } from "../test/support/sandbox.ts"
import { measure, summary, type Measured, type Run } from "./measure.ts"

const notebook = resolve(import.meta.dirname, "../examples/quickstart/images/notebook/requirements.txt")
/** What is left out the second time: nothing else of the environment needs it but an extra. */
const changed = "webcolors"
const base = "base:1"

/**
 * One environment from wheels on the disk to the registry, by nbstacks and by Docker Engine with pip and with uv: first
 * without anything kept, then with one package less. Docker has the parent already, as nbstacks has.
 */
export async function besideDocker(host: Host): Promise<readonly Measured[]> {
  await using docker = await startDocker()
  await using registry = await startRegistry(host)
  await using sandbox = await openSandbox(host)
  const layout = openLayout(join(sandbox.folder, "../debian"), host)
  const made = await debianBase(host, layout)
  const store = openRegistry(registry.address, host, {})
  await copyManifest(made, { store, repository: "base" })
  await store.tag("base", "1", made.digest)
  const requirements = await host.files.readText(notebook)
  const wheels = join(sandbox.folder, "../wheels")
  const fetched = await host.run({
    argv: [
      "python3",
      "-m",
      "pip",
      "download",
      "--quiet",
      "--no-deps",
      "--require-hashes",
      "-r",
      notebook,
      "-d",
      wheels,
    ],
    timeout: 600_000,
  })
  if (fetched.code !== 0) throw new Error(fetched.stderr)
  const texts = { whole: requirements, less: without(requirements, changed) }
  const bench: Bench = { host, docker, registry, sandbox, wheels, texts }
  return [...(await byNbstacks(bench)), ...(await byDocker(bench, "pip")), ...(await byDocker(bench, "uv"))]
}

type Bench = {
  readonly host: Host
  readonly docker: TestDocker
  readonly registry: RunningRegistry
  readonly sandbox: Sandbox
  readonly wheels: string
  readonly texts: { readonly whole: string; readonly less: string }
}

function without(requirements: string, name: string): string {
  const left = requirements.replace(new RegExp(`^${name}==(?:.*\\\\\\n)*.*\\n`, "m"), "")
  if (left === requirements) throw new Error(`the environment has no ${name}`)
  return left
}

const names = (count: number): { readonly cold: string; readonly less: string } => ({
  cold: `environment of ${count} locked packages, wheels on the disk, into a registry`,
  less: "the same with one package less",
})

async function byNbstacks(bench: Bench): Promise<readonly Measured[]> {
  const { host, registry, sandbox, texts, wheels } = bench
  const env = { ...sandbox.env, PIP_NO_INDEX: "1", PIP_FIND_LINKS: pathToFileURL(wheels).href }
  const nbstacks = (...args: readonly string[]): Promise<Run> =>
    measure(host, { argv: [program, ...args], cwd: sandbox.folder, env })
  await sandbox.write({
    "nbstacks.yaml": `version: 1\nimages:\n  ours: {from: "${registry.address}/${base}", environment: environment, checks: {profile: none}}\n`,
    "environment/requirements.txt": texts.whole,
  })
  await nbstacks("lock")
  return await both(bench, "nbstacks", async (text) => {
    await sandbox.write({ "environment/requirements.txt": text })
    return [await nbstacks("build", "--to", registry.address)]
  })
}

async function byDocker(bench: Bench, tool: "pip" | "uv"): Promise<readonly Measured[]> {
  const { host, docker, registry, sandbox, wheels } = bench
  const { address } = registry
  const folder = join(sandbox.folder, tool)
  await host.files.makeDirectory(join(folder, "wheels"))
  for (const { name } of (await host.files.list(wheels)) ?? [])
    await copyFile(join(wheels, name), join(folder, "wheels", name))
  if (tool === "uv") await copyFile(await uvProgram(host), join(folder, "uv"))
  const options = "--no-index --find-links /context/wheels --no-deps --require-hashes -r /context/requirements.txt"
  const install =
    tool === "pip"
      ? `/opt/env/bin/pip install --no-cache-dir ${options}`
      : `/context/uv pip install --no-cache --python /opt/env/bin/python ${options}`
  await host.files.write(
    join(folder, "Dockerfile"),
    `FROM ${address}/${base}\nUSER root\nRUN --mount=type=bind,target=/context python3 -m venv /opt/env && ${install}\n`,
  )
  await docker.docker("pull", `${address}/${base}`)
  const reference = `${address}/${tool}:1`
  const env = { ...docker.host.env, DOCKER_BUILDKIT: "1" }
  const call = (...args: readonly string[]): Promise<Run> => measure(host, { argv: ["/usr/bin/docker", ...args], env })
  const { stdout } = await host.run({ argv: ["/usr/bin/docker", "version", "--format", "{{.Server.Version}}"], env })
  return await both(bench, `Docker Engine ${stdout.trim()}, ${tool}`, async (text) => {
    await host.files.write(join(folder, "requirements.txt"), text)
    return [await call("build", "--tag", reference, folder), await call("push", reference)]
  })
}

/** Both runs, each once, with the bytes that the registry has more. What a daemon uses is not in Docker's figures. */
async function both(
  { host, registry, texts }: Bench,
  by: string,
  publish: (text: string) => Promise<readonly Run[]>,
): Promise<readonly Measured[]> {
  const { cold, less } = names((texts.whole.match(/^[A-Za-z0-9].*==/gm) ?? []).length)
  const results: Measured[] = []
  for (const [name, text] of [
    [cold, texts.whole],
    [less, texts.less],
  ] as const) {
    const before = await heldBy(registry, host)
    const runs = await publish(text)
    const facts = { "MB sent": Math.round((await heldBy(registry, host)) - before) }
    const add = (field: "seconds" | "cpuSeconds"): number => runs.reduce((sum, run) => sum + run[field], 0)
    const megabytes = Math.max(...runs.map((run) => run.megabytes))
    results.push(
      summary({ name, by, facts }, [{ seconds: add("seconds"), cpuSeconds: add("cpuSeconds"), megabytes, output: "" }]),
    )
  }
  return results
}

/** What a registry has on its disk, in megabytes. */
async function heldBy({ folder }: RunningRegistry, host: Host): Promise<number> {
  const { stdout } = await host.run({ argv: ["du", "--summarize", "--bytes", join(folder, "data")] })
  return Number(stdout.split("\t")[0]) / 1_000_000
}
