import { join } from "node:path"
import type { RuntimeHost } from "../runtime.ts"
import { findPrograms } from "../which.ts"
import { overlayScript, plainEnvironment } from "./scripts.ts"
import { removeTree } from "./scratch.ts"

/** How the image's files become writable for one container. */
type WriteMode = "overlay" | "user-overlay" | "copy"

/** Programs of this machine by absolute path, and what they can do here. */
export type Tools = {
  readonly bwrap: string
  readonly unshare: string
  readonly nsenter: string
  /** Only as root: they drop to the image's user for real. */
  readonly setpriv: string
  readonly chroot: string
  readonly mode: WriteMode
}

const tryOverlay = `${overlayScript}
exec "$4" --ro-bind / / --dev /dev --proc /proc --unshare-pid --die-with-parent true`

/** Finds the programs and tries them in `folder`. Otherwise, why bubblewrap does not work here. */
export async function findTools(
  host: RuntimeHost,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<Tools | { readonly no: string }> {
  if (host.machine.os !== "linux") return { no: "it needs Linux" }
  const found: Record<string, string> = {}
  for (const name of ["bwrap", "unshare", "nsenter", "setpriv", "chroot"]) {
    const [path] = await findPrograms(host, name)
    if (path === undefined) return { no: name === "bwrap" ? "it is not installed" : `\`${name}\` is not installed` }
    found[name] = path
  }
  const { bwrap = "", unshare = "", nsenter = "", setpriv = "", chroot = "" } = found
  const tools = { bwrap, unshare, nsenter, setpriv, chroot }
  const root = host.machine.uid === 0
  const user = root ? [] : ["--unshare-user", "--uid", "1000", "--gid", "100"]
  const plain = await host.run({
    argv: [bwrap, ...user, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-pid", "true"],
    env: plainEnvironment,
    signal,
    timeout: 15_000,
  })
  if (plain.code !== 0) return { no: plain.stderr.trim().split("\n").at(-1) ?? "it cannot start a process" }
  const place = await host.files.makeTemporary("probe-", folder)
  try {
    for (const name of ["lower", "rw/upper", "rw/work", "merged"]) await host.files.makeDirectory(join(place, name))
    const namespaces = root ? ["--mount"] : ["--user", "--map-root-user", "--mount"]
    const overlay = await host.run({
      argv: [
        unshare,
        ...namespaces,
        "--propagation",
        "private",
        "--",
        "/bin/sh",
        "-c",
        tryOverlay,
        "sh",
        "lower",
        ".",
        root ? "" : "userxattr,",
        bwrap,
      ],
      cwd: place,
      env: plainEnvironment,
      signal,
      timeout: 15_000,
    })
    if (overlay.code !== 0) return { ...tools, mode: "copy" }
    return { ...tools, mode: root ? "overlay" : "user-overlay" }
  } finally {
    await removeTree(host, place)
  }
}
