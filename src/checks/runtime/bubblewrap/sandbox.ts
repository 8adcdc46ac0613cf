import type { Mount } from "../runtime.ts"
import type { User } from "../users.ts"
import { insideScript } from "./scripts.ts"
import type { Tools } from "./tools.ts"

export type Sandbox = {
  readonly tools: Tools
  readonly user: User
  readonly workdir: string
  /** True where the process drops to the image's user for real, which only root can do. */
  readonly real: boolean
}

/** Bubblewrap's own options for a container whose files are at `merged` and whose environment script is `environment`. */
export function sandboxOptions(
  sandbox: Sandbox,
  paths: { readonly merged: string; readonly environment: string; readonly mount?: Mount | undefined },
): readonly string[] {
  const { user, real } = sandbox
  const at = real ? "/image" : ""
  const identity = real
    ? ["--cap-drop", "ALL", ...needed.flatMap((name) => ["--cap-add", name])]
    : ["--unshare-user", "--uid", String(user.uid), "--gid", String(user.gid)]
  const borrowed = real
    ? ["/usr", "/bin", "/sbin", "/lib", "/lib64"].flatMap((path) => ["--ro-bind-try", path, path])
    : []
  return [
    "--die-with-parent",
    "--unshare-pid",
    "--unshare-ipc",
    "--unshare-uts",
    "--hostname",
    "nbstacks",
    ...identity,
    ...borrowed,
    "--bind",
    paths.merged,
    real ? at : "/",
    "--dev",
    `${at}/dev`,
    "--perms",
    "1777",
    "--tmpfs",
    `${at}/dev/shm`,
    "--proc",
    `${at}/proc`,
    "--ro-bind-try",
    "/sys",
    `${at}/sys`,
    "--perms",
    "1777",
    "--tmpfs",
    `${at}/tmp`,
    ...(paths.mount === undefined ? [] : ["--bind", paths.mount.from, `${at}${paths.mount.to}`]),
    "--ro-bind",
    paths.environment,
    `${at}/.nbstacks-environment`,
    "--clearenv",
  ]
}

/** What a command becomes inside: dropped to the user, in its workdir, with its environment. */
export function insideCommand({ tools, user, workdir, real }: Sandbox, command: readonly string[]): readonly string[] {
  const shell = ["/bin/sh", "-c", insideScript, "sh", workdir, ...command]
  if (!real) return shell
  return [
    tools.setpriv,
    "--inh-caps=-all",
    `--bounding-set=-all,${allowed}`,
    tools.chroot,
    `--userspec=${user.uid}:${user.gid}`,
    `--groups=${user.groups.join(",")}`,
    "/image",
    ...shell,
  ]
}

/** Processes of a running container, as this machine numbers them: the first one inside, and bubblewrap outside. */
export type Processes = { readonly first: number; readonly outer: number }

/**
 * How a further command enters a running container. Without root it goes through the user namespace around
 * bubblewrap, which owns the others; the innermost one owns nothing.
 */
export function enterCommand(
  sandbox: Sandbox,
  { first, outer }: Processes,
  command: readonly string[],
): readonly [string, ...string[]] {
  const { nsenter } = sandbox.tools
  const user = ["--user", "--preserve-credentials"]
  const around = sandbox.real ? [] : [nsenter, "--target", String(outer), ...user, "--"]
  const inner = [
    nsenter,
    "--target",
    String(first),
    ...(sandbox.real ? [] : user),
    "--mount",
    "--pid",
    "--ipc",
    "--uts",
    "--",
  ]
  return [...around, ...inner, ...insideCommand(sandbox, command)] as [string, ...string[]]
}

/** What setpriv and chroot need to drop everything. */
const needed: readonly string[] = ["CAP_SYS_CHROOT", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", ...capabilities()]

/** What an image that runs as root may do: Docker's default without making devices, raw sockets and capabilities. */
const allowed = capabilities()
  .map((name) => `+${name.slice("CAP_".length).toLowerCase()}`)
  .join(",")

function capabilities(): readonly string[] {
  return [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
    "CAP_NET_BIND_SERVICE",
  ]
}
