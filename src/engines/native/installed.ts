import type { Merged } from "../../oci/merged.ts"
import { normalName } from "../../packages/wheel/filename.ts"
import { sitePackages, type Target } from "../../packages/wheel/target.ts"
import type { Prefix } from "../../tree/step.ts"

/** What an environment has already. */
export type Installed = {
  /** Versions by normalised name, from the names of `.dist-info` and `.egg-info` folders. */
  readonly distributions: ReadonlyMap<string, string>
  /** Their folders in site-packages, by normalised name; more than one where an installer left an old one behind. */
  readonly metadata: ReadonlyMap<string, readonly string[]>
  /** Paths below the prefix. */
  readonly files: ReadonlySet<string>
  readonly folders: ReadonlySet<string>
}

/** Reads an environment's distributions and files from the merged headers. */
export function installedIn(merged: Merged, prefix: Prefix): Installed {
  const site = sitePackages(targetOf(prefix))
  const distributions = new Map<string, string>()
  const metadata = new Map<string, string[]>()
  for (const folder of merged.list(`${prefix.path}/${site}`) ?? []) {
    const match = /^(.+?)-([^-]+)(?:-py3\.\d+)?\.(?:dist|egg)-info$/.exec(folder)
    if (match === null) continue
    const name = normalName(match[1] ?? "")
    distributions.set(name, match[2] ?? "")
    metadata.set(name, [...(metadata.get(name) ?? []), folder])
  }
  const files = new Set<string>()
  const folders = new Set<string>()
  const root = merged.resolve(prefix.path)?.path ?? ""
  for (const { path, kind } of merged.below(prefix.path)) {
    if (path !== root) (kind === "directory" ? folders : files).add(path.slice(root.length + 1))
  }
  return { distributions, metadata, files, folders }
}

/** What decides where wheels go in an environment. */
export function targetOf({ path, kind, python, abi }: Prefix): Omit<Target, "uid" | "gid"> {
  const minor = python.split(".").slice(0, 2).join(".")
  return { prefix: path, kind, python: minor, ...(abi === undefined ? {} : { abi }) }
}
