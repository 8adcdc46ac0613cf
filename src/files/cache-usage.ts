import { join } from "node:path"
import type { Host } from "../host/host.ts"

/** What the cache has, by what it is for. All of it is made or fetched again where it is missing. */
export type CacheKind =
  | "wheels"
  | "segments"
  | "layers"
  | "headers"
  | "projects"
  | "hashes"
  | "pythons"
  | "parents"
  | "inventories"
  | "code"

export const cacheKinds: readonly CacheKind[] = [
  "wheels",
  "segments",
  "layers",
  "headers",
  "projects",
  "hashes",
  "pythons",
  "parents",
  "inventories",
  "code",
]

/** A file of the cache. */
export type CacheFile = {
  readonly kind: CacheKind
  readonly path: string
  /** In bytes. */
  readonly size: number
  /** When it was used last, in milliseconds since 1970. */
  readonly used: number
}

/** How long another process may need to write a file, in milliseconds: its unfinished files are left alone until then. */
const patience = 3_600_000
const isUnfinished = /\.(?:tmp|part)$/

/** Of these those that may go: all but what some process may be writing. */
export function removable(found: readonly CacheFile[], now: Date): readonly CacheFile[] {
  return found.filter(({ path, used }) => !isUnfinished.test(path) || used < now.getTime() - patience)
}

/** Every file of some kinds in a cache folder; what goes away meanwhile is left out. */
export async function cacheFiles(
  cache: string,
  kinds: readonly CacheKind[],
  files: Pick<Host["files"], "list" | "stat">,
): Promise<readonly CacheFile[]> {
  const found: CacheFile[] = []
  const walk = async (kind: CacheKind, folder: string): Promise<void> => {
    for (const { name, kind: what } of (await files.list(folder)) ?? []) {
      const path = join(folder, name)
      if (what === "directory") await walk(kind, path)
      const stat = what === "file" ? await files.stat(path) : undefined
      if (stat !== undefined) found.push({ kind, path, size: stat.size, used: Number(stat.mtime / 1_000_000n) })
    }
  }
  for (const kind of kinds) await walk(kind, join(cache, kind))
  return found
}

/** Node looks after the program's own code, which is of one version of it. */
const bounded = cacheKinds.filter((kind) => kind !== "code")

/**
 * Removes what nobody will finish, such as after kill -9, and then what was used longest ago until a cache takes at most
 * `limit` bytes. Who needs one of the files fetches or makes it
 * again, also while a build runs.
 */
export async function trimCache(
  cache: string,
  limit: number,
  { files, now }: Pick<Host, "files" | "now">,
): Promise<void> {
  const may = removable(await cacheFiles(cache, bounded, files), now())
  for (const { path } of may) if (isUnfinished.test(path)) await files.remove(path)
  const found = may.filter(({ path }) => !isUnfinished.test(path))
  let total = found.reduce((sum, { size }) => sum + size, 0)
  for (const { path, size } of found.toSorted((a, b) => a.used - b.used)) {
    if (total <= limit) return
    await files.remove(path)
    total -= size
  }
}
