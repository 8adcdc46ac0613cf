import { join } from "node:path"
import type { Host } from "../../host/host.ts"
import type { Command } from "../../host/process.ts"
import { constantTime } from "../../oci/tar/header.ts"
import { proxyVariables } from "../../tree/proxies.ts"
import { follow, type Transcript } from "../output.ts"
import { installPolicy } from "./apt-root.ts"
import { debianArchitecture, type HostApt } from "./host-apt.ts"
import type { Versioned } from "./names.ts"
import { pinsOf } from "./pins.ts"
import { renderSources } from "./sources.ts"

export type Bootstrap = {
  readonly apt: HostApt
  readonly locked: readonly Versioned[]
  /** An empty folder of this user's alone, for its files. The tar is `root.tar` in it. */
  readonly folder: string
  /** An empty folder that everybody may enter: the root grows there, and apt's own user has to get in. */
  readonly scratch: string
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
}

type BootstrapHost = Pick<Host, "files" | "run" | "start" | "sleep" | "env" | "machine">

/** Names of our files below `/etc/apt` of the root; none of them stays in the image. */
const ours = "00nbstacks"

/**
 * Runs mmdebstrap. Essential packages are unpacked and configured first, then apt installs the others in the order
 * that their dependencies ask for. No suite is given: then essential packages may come from the security suite too.
 * As root it works in a plain chroot, otherwise in a user namespace.
 */
export async function bootstrap(job: Bootstrap, host: BootstrapHost): Promise<Transcript> {
  const { apt, locked, folder, scratch, signal, onLine } = job
  const file = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name)
    await host.files.write(path, text)
    return path
  }
  const sources = await file("nbstacks.sources", renderSources(apt.sources))
  const pins = await file("pins", pinsOf(locked))
  const settings = [...installPolicy, 'APT::Update::Error-Mode "any";', ...apt.downloads]
  const configuration = await file("settings", `${settings.join("\n")}\n`)
  const argv = [
    "mmdebstrap",
    `--mode=${host.machine.uid === 0 ? "root" : "unshare"}`,
    "--variant=essential",
    "--format=tar",
    `--architectures=${debianArchitecture(host.machine.architecture)}`,
    `--setup-hook=upload ${shellWord(pins)} /etc/apt/preferences.d/${ours}`,
    `--setup-hook=upload ${shellWord(configuration)} /etc/apt/apt.conf.d/${ours}`,
    `--include=${locked.map(({ name, version }) => `${name}=${version}`).join(",")}`,
    "",
    join(folder, "root.tar"),
    sources,
  ]
  return await runToItsEnd(
    {
      // The umask of whoever calls must not show in the root.
      argv: [...(await apart(host)), "/bin/sh", "-c", 'umask 022; exec "$@"', "sh", ...argv],
      env: { ...environment(host), TMPDIR: scratch },
      cwd: folder,
    },
    { signal, onLine, host },
  )
}

/** As root its mounts are in a namespace of their own, where there may be one: they end with it, however it ends. */
async function apart(host: Pick<Host, "run" | "machine">): Promise<[string, ...string[]]> {
  const argv: [string, ...string[]] = ["unshare", "--mount", "--propagation", "private", "--"]
  const isAllowed = async (): Promise<boolean> => {
    try {
      return (await host.run({ argv: [...argv, "true"], timeout: 10_000 })).code === 0
    } catch {
      return false
    }
  }
  return host.machine.uid === 0 && (await isAllowed()) ? argv : ["env"]
}

/** How long it may clean up after it was interrupted, in milliseconds. */
const patience = 60_000

/** Interrupted it is asked to end, and waited for: only mmdebstrap can remove a root that belongs to other users. */
async function runToItsEnd(
  command: Command,
  { signal, onLine, host }: Pick<Bootstrap, "signal" | "onLine"> & { readonly host: Pick<Host, "start" | "sleep"> },
): Promise<Transcript> {
  signal.throwIfAborted()
  const [late, over] = [new AbortController(), new AbortController()]
  await using child = await host.start({ ...command, signal: late.signal })
  const end = (): void => {
    child.kill("SIGTERM")
    host.sleep(patience, over.signal).then(
      () => late.abort(),
      () => undefined,
    )
  }
  signal.addEventListener("abort", end, { once: true })
  if (signal.aborted) end()
  try {
    const transcript = await follow(child, onLine, 60)
    signal.throwIfAborted()
    return transcript
  } finally {
    signal.removeEventListener("abort", end)
    over.abort()
  }
}

/** Passed on because downloads need them, or because they say where apt's configuration is. */
const passed: readonly string[] = ["APT_CONFIG", "HOME", "USER", "LOGNAME"]

/** What the scripts of packages see: the same on every machine, so that nothing of this one gets into the root. */
function environment(host: Pick<Host, "env">): Readonly<Record<string, string | undefined>> {
  const names = [...passed, ...proxyVariables]
  return {
    ...Object.fromEntries(names.map((name) => [name, host.env[name]])),
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
    DEBIAN_FRONTEND: "noninteractive",
    SOURCE_DATE_EPOCH: String(constantTime),
    // TeX writes the time into its formats unless told so.
    FORCE_SOURCE_DATE: "1",
    // The order in which Python's sets are walked decides the bytes of some .pyc files.
    PYTHONHASHSEED: "0",
  }
}

/** A word for mmdebstrap's own splitting of hook lines, which follows the shell's quotes. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
