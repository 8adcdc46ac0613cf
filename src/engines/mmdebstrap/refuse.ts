import { isFailure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import type { Platform } from "../../oci/platform.ts"
import type { Refusal } from "../engine.ts"
import { refusePlatform } from "./resolve.ts"

/** Why mmdebstrap cannot work here for a platform, or undefined if it can. */
export async function refuse(
  platform: Platform,
  host: Pick<Host, "files" | "run" | "env" | "machine">,
): Promise<Refusal | undefined> {
  if (host.machine.os !== "linux")
    return {
      no: "roots of Debian packages are made on Linux only",
      hint: "Work on a Linux machine, or start `from:` an image that exists",
    }
  const other = refusePlatform(platform, host)
  if (other !== undefined) return other
  if (!(await works(host, ["mmdebstrap", "--version"])))
    return { no: "mmdebstrap is not installed", hint: "Install it: `apt-get install mmdebstrap`" }
  if (host.machine.uid === 0) return undefined
  return await refuseUser(host)
}

/** Without root it needs a user namespace with a range of user ids. */
async function refuseUser(host: Pick<Host, "files" | "run" | "env" | "machine">): Promise<Refusal | undefined> {
  if (!(await works(host, ["unshare", "--user", "--map-root-user", "true"])))
    return {
      no: "this user may not make user namespaces, which mmdebstrap needs without root",
      hint: "Run as root, or allow them: `sysctl kernel.unprivileged_userns_clone=1`",
    }
  if (!(await works(host, ["sh", "-c", "command -v newuidmap && command -v newgidmap"])))
    return {
      no: "newuidmap is not installed, which mmdebstrap needs without root",
      hint: "Install it: `apt-get install uidmap`",
    }
  const name = (await host.run({ argv: ["id", "-un"], timeout: 10_000 })).stdout.trim()
  for (const path of ["/etc/subuid", "/etc/subgid"]) {
    const text = (await host.files.stat(path)) === undefined ? "" : await host.files.readText(path)
    if (text.split("\n").some((line) => line.startsWith(`${name}:`) || line.startsWith(`${host.machine.uid}:`)))
      continue
    return {
      no: `${path} gives ${name} no ids, which mmdebstrap needs without root`,
      hint: `Give some: \`usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${name}\``,
    }
  }
  return undefined
}

async function works(host: Pick<Host, "run">, argv: readonly [string, ...string[]]): Promise<boolean> {
  try {
    return (await host.run({ argv, timeout: 20_000 })).code === 0
  } catch (error) {
    if (isFailure(error)) throw error
    return false
  }
}
