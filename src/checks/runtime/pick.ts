import { Failure } from "../../failure.ts"
import { platformFields, type Platform } from "../../oci/platform.ts"
import { bubblewrapRuntime } from "./bubblewrap/bubblewrap.ts"
import { rootsFolder } from "./bubblewrap/roots.ts"
import { findTools } from "./bubblewrap/tools.ts"
import { clientRuntime } from "./client.ts"
import { findDocker } from "./docker.ts"
import { findPodman } from "./podman.ts"
import { runtimeNames, type Runtime, type RuntimeHost, type RuntimeName } from "./runtime.ts"

export type PickOptions = {
  /** As `--runtime` says; else the first that works. */
  readonly name?: RuntimeName | undefined
  /** `host:port` at which the local store is served; Docker and Podman need it. */
  readonly address?: string | undefined
  readonly signal: AbortSignal
}

type Tried = Runtime | { readonly no: string }

/** The runtime that was asked for, or the first that works here, tried for real. Fails with `cannot`, saying why each does not. */
export async function pickRuntime(host: RuntimeHost, options: PickOptions): Promise<Runtime> {
  const reasons: string[] = []
  for (const name of options.name === undefined ? runtimeNames : [options.name]) {
    const found = await tryRuntime(host, name, options)
    options.signal.throwIfAborted()
    if ("start" in found) return found
    reasons.push(`${name}: ${found.no}`)
  }
  const sentence =
    options.name === undefined
      ? "No container runtime works on this machine"
      : `${options.name} does not work on this machine`
  throw new Failure("cannot", sentence, {
    detail: reasons.join("\n"),
    hint: hintFor(options.name, reasons),
  })
}

const packages: Readonly<Record<RuntimeName, string>> = {
  docker: "docker.io",
  podman: "podman",
  bubblewrap: "bubblewrap",
}

/** What helps: for a runtime that was asked for, that one; else the one that needs least. */
function hintFor(name: RuntimeName | undefined, reasons: readonly string[]): string {
  const doctor = "`nbstacks doctor` says more"
  const absent = (one: RuntimeName): boolean => reasons.some((text) => text.startsWith(`${one}: it is not installed`))
  if (name !== undefined && absent(name)) return `Install it: \`apt-get install ${packages[name]}\`. ${doctor}`
  if (name === "docker") return `Start its daemon, or leave \`--runtime\` out to use the first that works. ${doctor}`
  if (name !== undefined) return `Leave \`--runtime\` out to use the first that works. ${doctor}`
  return absent("bubblewrap")
    ? `Install bubblewrap, which needs no daemon: \`apt-get install bubblewrap\`. ${doctor}`
    : `Make one of them work: ${doctor}`
}

/** Each runtime with whether it works here, for `doctor`: true, or why not. */
export async function probeRuntimes(
  host: RuntimeHost,
  options: Omit<PickOptions, "name">,
): Promise<readonly { readonly name: RuntimeName; readonly works: true | string }[]> {
  const results: { name: RuntimeName; works: true | string }[] = []
  for (const name of runtimeNames) {
    const found = await tryRuntime(host, name, options)
    results.push({ name, works: "start" in found ? true : found.no })
  }
  return results
}

async function tryRuntime(host: RuntimeHost, name: RuntimeName, options: PickOptions): Promise<Tried> {
  try {
    if (name === "bubblewrap") {
      const base = await rootsFolder(host)
      const tools = await findTools(host, { folder: base, signal: options.signal })
      return "no" in tools ? tools : bubblewrapRuntime({ tools, base }, host)
    }
    const find = name === "docker" ? findDocker : findPodman
    const client = await find(host, { address: options.address, signal: options.signal })
    return "no" in client ? client : clientRuntime(client, host)
  } catch (error) {
    options.signal.throwIfAborted()
    return { no: error instanceof Error ? error.message : String(error) }
  }
}

/** Architectures whose programs run on another one as they are. */
const compatible: Readonly<Record<string, readonly string[]>> = { amd64: ["386"], arm64: ["arm"] }
const emulators: Readonly<Record<string, string>> = {
  amd64: "x86_64",
  arm64: "aarch64",
  arm: "arm",
  ppc64le: "ppc64le",
  s390x: "s390x",
  riscv64: "riscv64",
}

/** Whether this machine can run programs of a platform: its own, or one with an emulator registered. Else why not. */
export async function canRun(
  host: Pick<RuntimeHost, "machine" | "files">,
  platform: Platform,
): Promise<true | { readonly no: string; readonly hint: string }> {
  const { architecture } = platformFields(platform)
  const own = host.machine.architecture
  if (architecture === own || compatible[own]?.includes(architecture) === true) return true
  const emulator = `/proc/sys/fs/binfmt_misc/qemu-${emulators[architecture] ?? architecture}`
  if ((await host.files.stat(emulator)) !== undefined) return true
  return {
    no: `this machine is ${own} and cannot run ${platform}`,
    hint: `Install qemu-user-static, or restrict with \`--platform linux/${own}\``,
  }
}
