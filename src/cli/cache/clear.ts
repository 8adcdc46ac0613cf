import { Failure } from "../../failure.ts"
import { cacheFolder } from "../../files/cache-folder.ts"
import { cacheFiles, cacheKinds, removable, type CacheFile } from "../../files/cache-usage.ts"
import { bytes, count } from "../../report/format.ts"
import { agreed } from "../agreed.ts"
import type { Context } from "../context.ts"

const day = 24 * 3_600_000

export type ClearOptions = {
  /** Days: only what was not used since then. */
  readonly olderThan?: number | undefined
  readonly dryRun?: true | undefined
  readonly yes?: true | undefined
}

/** Removes files of the cache. A build that runs meanwhile makes again what it misses. Asks on a terminal. */
export async function clear({ host, io, signal }: Context, options: ClearOptions): Promise<number> {
  const { olderThan, dryRun, yes } = options
  if (dryRun !== true && yes !== true && io.ask === undefined)
    throw new Failure("cannot", "This would remove files from the cache", {
      hint: "Say so with --yes, or see what it would remove with --dry-run",
    })
  const folder = cacheFolder(host)
  const before = olderThan === undefined ? Number.POSITIVE_INFINITY : host.now().getTime() - olderThan * day
  // Of compiled code nobody knows when it was used.
  const kinds = olderThan === undefined ? cacheKinds : cacheKinds.filter((kind) => kind !== "code")
  const found = removable(await cacheFiles(folder, kinds, host.files), host.now())
  const files = found.filter(({ used }) => used < before)
  const what = `${count(files.length, "file")} (${bytes(sizeOf(files))}) of the cache in ${folder}`
  if (files.length === 0) {
    io.err(`Nothing to remove from the cache in ${folder}.\n`)
    return 0
  }
  if (dryRun === true) {
    io.err(`Would remove ${what}.\n`)
    return 0
  }
  if (yes !== true && !(await agreed(io, `Remove ${what}?`))) {
    io.err("Nothing was removed.\n")
    return 1
  }
  for (const { path } of files) {
    signal.throwIfAborted()
    await host.files.remove(path)
  }
  io.err(`Removed ${what}.\nWhat is needed again is fetched or made again.\n`)
  return 0
}

function sizeOf(files: readonly CacheFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0)
}
