import type { Merged } from "../../oci/merged.ts"
import { installedOf } from "../mmdebstrap/status.ts"

/** Versions of installed Debian packages by name; empty where dpkg keeps no list. */
export type SystemPackages = ReadonlyMap<string, string>

const limit = 64 * 1024 * 1024

/** Reads dpkg's list: `status`, and the pieces of it that images without dpkg have in `status.d`. */
export async function systemPackages(merged: Merged): Promise<SystemPackages> {
  const folder = "/var/lib/dpkg"
  const pieces = (merged.list(`${folder}/status.d`) ?? []).filter((name) => !name.endsWith(".md5sums"))
  const paths = [`${folder}/status`, ...pieces.map((name) => `${folder}/status.d/${name}`)]
  const files = await merged.readFiles(paths, limit)
  const installed = new Map<string, string>()
  for (const [path, bytes] of files) {
    const text = Buffer.from(bytes).toString("utf8")
    // A piece of status.d has no Status field: that it is there says enough.
    const whole = path.includes("/status.d/")
      ? text.replace(/^(Package:.*)$/m, "$1\nStatus: install ok installed")
      : text
    for (const { name, version } of installedOf(whole)) installed.set(name, version)
  }
  return installed
}

/** The upstream part of a Debian version: `2.36` of `1:2.36-9+deb12u9`. */
export function upstream(version: string | undefined): string | undefined {
  return /^(?:\d+:)?(\d+(?:\.\d+)*)/.exec(version ?? "")?.[1]
}

/** The version of glibc: Debian's package, else the name that older versions give their file. Undefined for musl. */
export function glibcOf(packages: SystemPackages, merged: Merged): string | undefined {
  const version = upstream(packages.get("libc6"))
  const found = /^2\.\d{1,3}/.exec(version ?? "")?.[0]
  if (found !== undefined) return found
  for (const folder of ["/lib64", "/usr/lib64", "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu"]) {
    for (const name of merged.list(folder) ?? []) {
      const match = /^libc-(2\.\d{1,3})\.so$/.exec(name)
      if (match !== null) return match[1]
    }
  }
  return undefined
}
