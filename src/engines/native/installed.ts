import type { Merged } from "../../oci/merged.ts"
import { normalName } from "../../packages/wheel/filename.ts"
import { sitePackages } from "../../packages/wheel/target.ts"
import type { Prefix } from "../../tree/step.ts"

/** What an environment has already. */
export type Installed = {
  /** Versions by normalised name, from the names of `.dist-info` and `.egg-info` folders. */
  readonly distributions: ReadonlyMap<string, string>
  /** Paths below the prefix. */
  readonly files: ReadonlySet<string>
  readonly folders: ReadonlySet<string>
}

/** Reads an environment's distributions and files from the merged headers. */
export function installedIn(merged: Merged, prefix: Prefix): Installed {
  const site = sitePackages({ python: minorOf(prefix) })
  const distributions = new Map<string, string>()
  for (const name of merged.list(`${prefix.path}/${site}`) ?? []) {
    const match = /^(.+?)-([^-]+)(?:-py3\.\d+)?\.(?:dist|egg)-info$/.exec(name)
    if (match !== null) distributions.set(normalName(match[1] ?? ""), match[2] ?? "")
  }
  const files = new Set<string>()
  const folders = new Set<string>()
  const root = merged.resolve(prefix.path)?.path ?? ""
  for (const { path, kind } of merged.below(prefix.path)) {
    if (path !== root) (kind === "directory" ? folders : files).add(path.slice(root.length + 1))
  }
  return { distributions, files, folders }
}

/** `3.11` of `3.11.2`. */
export function minorOf(prefix: Pick<Prefix, "python">): string {
  return prefix.python.split(".").slice(0, 2).join(".")
}
