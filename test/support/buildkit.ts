import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"
import { findGo } from "./go.ts"
import { readUntil } from "./registry.ts"

/** Newer ones need modules that not every proxy has. */
const version = "v0.26.3"
const module = "github.com/moby/buildkit"

/** A BuildKit of its own: what it keeps is empty at first and gone when it is disposed. */
export type Buildkit = AsyncDisposable & {
  /** Such as `0.26.3`. */
  readonly version: string
  /** `buildctl` with the address of this daemon, then these arguments: for those who measure it. */
  readonly command: (...args: readonly string[]) => readonly [string, ...string[]]
  /** Runs that to its end and gives what it printed, progress included; throws when it fails. */
  readonly buildctl: (...args: readonly string[]) => Promise<string>
}

/**
 * Starts `buildkitd` with runc and the host's network, so that registries on loopback are reached; BuildKit speaks plain
 * HTTP to those by itself. It never collects what it keeps. Needs root.
 */
export async function startBuildkit(host: Host): Promise<Buildkit> {
  const programs = await findBuildkit(host)
  const folder = await host.files.makeTemporary("nbstacks-buildkit-")
  const address = `unix://${join(folder, "sock")}`
  const config = join(folder, "buildkitd.toml")
  await host.files.write(config, configuration(folder, address))
  const child = await host.start({
    argv: [join(programs, "buildkitd"), "--config", config],
    env: { ...host.env, OTEL_TRACES_EXPORTER: "none" },
  })
  const stop = async (): Promise<void> => {
    // Asked to end, it takes its mounts away; disposing waits for that.
    child.kill("SIGTERM")
    await child[Symbol.asyncDispose]()
    await host.files.remove(folder)
  }
  const command = (...args: readonly string[]): readonly [string, ...string[]] => [
    join(programs, "buildctl"),
    "--addr",
    address,
    ...args,
  ]
  try {
    await readUntil(child, /(running server on)/)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    version: version.slice(1),
    command,
    async buildctl(...args) {
      const { code, stdout, stderr } = await host.run({ argv: command(...args), timeout: 600_000 })
      if (code !== 0) throw new Error(`buildctl ${args.join(" ")}: ${stderr}`)
      return stdout + stderr
    },
    [Symbol.asyncDispose]: stop,
  }
}

/** TOML, of which these lines are all that is needed. */
function configuration(folder: string, address: string): string {
  return `root = ${JSON.stringify(join(folder, "root"))}
[grpc]
address = [${JSON.stringify(address)}]
[otel]
socketPath = ${JSON.stringify(join(folder, "otel"))}
[worker.oci]
binary = "runc"
networkMode = "host"
gc = false
[worker.containerd]
enabled = false
`
}

/** The folder with `buildkitd` and `buildctl`, built once and kept in the user's cache. Needs no Go of the machine. */
async function findBuildkit(host: Host): Promise<string> {
  const folder = join(host.machine.home, ".cache", "nbstacks-tests", `buildkit-${version}`)
  await using _alone = await host.files.lock(`${folder}.lock`, { timeout: 1_200_000 })
  if ((await host.files.stat(folder)) !== undefined) return folder
  const fresh = await host.files.makeTemporary("nbstacks-buildkit-build-")
  const go = async (cwd: string, ...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await host.run({
      argv: [await findGo(host), ...args],
      cwd,
      env: { ...host.env, GOTOOLCHAIN: "local", CGO_ENABLED: "0" },
      timeout: 1_200_000,
    })
    if (code !== 0) throw new Error(`go ${args.join(" ")}: ${stderr}`)
    return stdout
  }
  try {
    const { Dir: source } = JSON.parse(await go(fresh, "mod", "download", "-json", `${module}@${version}`)) as {
      Dir: string
    }
    // A copy, since the module's folder may not be written and what it vendors is not in it.
    const copy = join(fresh, "source")
    const copied = await host.run({ argv: ["cp", "--recursive", "--no-preserve=mode", source, copy] })
    if (copied.code !== 0) throw new Error(copied.stderr)
    const made = join(fresh, "made")
    await host.files.makeDirectory(made)
    const flags = `-s -w -X ${module}/version.Version=${version}`
    await go(copy, "build", "-mod=mod", "-ldflags", flags, "-o", `${made}/`, "./cmd/buildkitd", "./cmd/buildctl")
    // The cache may be another file system: copied beside its place first.
    const beside = await host.files.makeTemporary("buildkit-", join(folder, ".."))
    const moved = await host.run({ argv: ["cp", join(made, "buildkitd"), join(made, "buildctl"), beside] })
    if (moved.code !== 0) throw new Error(moved.stderr)
    await host.files.rename(beside, folder)
  } finally {
    await host.files.remove(fresh)
  }
  return folder
}
