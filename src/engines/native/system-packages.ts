import type { Merged } from "../../oci/merged.ts"
import { installedOf } from "../mmdebstrap/status.ts"

/** Versions of installed packages by name: Debian's or Alpine's; empty where neither dpkg nor apk keeps a list. */
export type SystemPackages = ReadonlyMap<string, string>

const limit = 64 * 1024 * 1024

/** Where apk keeps what is installed; below `/usr` once an Alpine has its folders merged. */
const apkLists = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"]

/**
 * Reads dpkg's list (`status`, and the pieces of it that images without dpkg have in `status.d`) and apk's.
 * https://wiki.alpinelinux.org/wiki/Apk_spec
 */
export async function systemPackages(merged: Merged): Promise<SystemPackages> {
  const folder = "/var/lib/dpkg"
  const pieces = (merged.list(`${folder}/status.d`) ?? []).filter((name) => !name.endsWith(".md5sums"))
  const paths = [`${folder}/status`, ...pieces.map((name) => `${folder}/status.d/${name}`)]
  const files = await merged.readFiles([...paths, ...apkLists], limit)
  const installed = new Map<string, string>()
  for (const [path, bytes] of files) {
    const text = Buffer.from(bytes).toString("utf8")
    if (apkLists.includes(path)) {
      for (const [, name = "", version = ""] of text.matchAll(/^P:(.+)\nV:(.+)$/gm)) installed.set(name, version)
      continue
    }
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

/** The C library of an image's programs. */
export type Library = { readonly glibc?: string; readonly musl?: string }

/**
 * Finds the C library: glibc by Debian's package or the name that older versions give their file; musl by Alpine's
 * package, or by what its loader says about itself. A Debian may have musl beside its glibc, so that is asked last.
 */
export async function libraryOf(packages: SystemPackages, merged: Merged): Promise<Library> {
  const glibc = glibcOf(packages, merged)
  if (glibc !== undefined) return { glibc }
  const musl = /^\d+\.\d+/.exec(packages.get("musl") ?? "")?.[0] ?? (await muslOf(merged))
  return musl === undefined ? {} : { musl }
}

const libraries = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu"]

/** The version in the loader `ld-musl-MACHINE.so.1`; it has none in its name. Undefined beside a glibc of any version. */
async function muslOf(merged: Merged): Promise<string | undefined> {
  if (libraries.some((folder) => merged.resolve(`${folder}/libc.so.6`) !== undefined)) return undefined
  const loaders = libraries.flatMap((folder) =>
    (merged.list(folder) ?? []).filter((name) => /^ld-musl-.+\.so\.1$/.test(name)).map((name) => `${folder}/${name}`),
  )
  for (const [, bytes] of await merged.readFiles(loaders, limit)) {
    const version = /\0(1\.\d{1,2})\.\d{1,3}(?:-git-[^\0]{1,80})?\0/.exec(Buffer.from(bytes).toString("latin1"))?.[1]
    if (version !== undefined) return version
  }
  return undefined
}

/** The version of glibc: Debian's package, else the name that older versions give their file. */
function glibcOf(packages: SystemPackages, merged: Merged): string | undefined {
  const version = upstream(packages.get("libc6"))
  const found = /^2\.\d{1,3}/.exec(version ?? "")?.[0]
  if (found !== undefined) return found
  for (const folder of libraries) {
    for (const name of merged.list(folder) ?? []) {
      const match = /^libc-(2\.\d{1,3})\.so$/.exec(name)
      if (match !== null) return match[1]
    }
  }
  return undefined
}
