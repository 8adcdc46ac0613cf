import { join } from "node:path"
import type { Host } from "../../host/host.ts"
import { constantTime } from "../../oci/tar/header.ts"
import { follow, type Transcript } from "../output.ts"
import { installPolicy } from "./apt-root.ts"
import { debianArchitecture, type HostApt } from "./host-apt.ts"
import type { Versioned } from "./names.ts"
import { pinsOf } from "./pins.ts"
import { renderSources } from "./sources.ts"

export type Bootstrap = {
  readonly apt: HostApt
  readonly locked: readonly Versioned[]
  /** An empty folder for its files. The tar is `root.tar` in it. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
}

/** Names of our files below `/etc/apt` of the root; none of them stays in the image. */
const ours = "00nbstacks"

/**
 * Runs mmdebstrap. Essential packages are unpacked and configured first, then apt installs the others in the order
 * that their dependencies ask for. No suite is given: then essential packages may come from the security suite too.
 * As root it works in a plain chroot, otherwise in a user namespace.
 */
export async function bootstrap(
  job: Bootstrap,
  host: Pick<Host, "files" | "start" | "env" | "machine">,
): Promise<Transcript> {
  const { apt, locked, folder, signal, onLine } = job
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
  await using child = await host.start({
    // The umask of whoever calls must not show in the root.
    argv: ["/bin/sh", "-c", 'umask 022; exec "$@"', "sh", ...argv],
    env: environment(host),
    cwd: folder,
    signal,
  })
  const transcript = await follow(child, onLine, 60)
  signal.throwIfAborted()
  return transcript
}

/** Passed on because downloads need them, or because they say where apt's configuration is. */
const passed: readonly string[] = ["APT_CONFIG", "HOME", "USER", "LOGNAME", "TMPDIR"]
const proxies: readonly string[] = ["http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"]

/** What the scripts of packages see: the same on every machine, so that nothing of this one gets into the root. */
function environment(host: Pick<Host, "env">): Readonly<Record<string, string | undefined>> {
  const names = [...passed, ...proxies, ...proxies.map((name) => name.toUpperCase())]
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
