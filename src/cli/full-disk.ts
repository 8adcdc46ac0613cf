import { dirname, join } from "node:path"
import { Failure } from "../failure.ts"
import { cacheFolder } from "../files/cache-folder.ts"
import type { Host } from "../host/host.ts"
import { defaultStoreFolder } from "../oci/store/layout/folder.ts"
import { asFailure } from "./failure.ts"

type Door = Pick<Host, "env" | "machine"> & { readonly files: Pick<Host["files"], "stat" | "realPath"> }

const full: Readonly<Record<string, string>> = { ENOSPC: "No space is left", EDQUOT: "The quota is used up" }

/**
 * As `asFailure`; a disk that is full is said by the folder of ours that is on it, and with what of ours could make
 * space there: the cache, the store, or neither.
 */
export async function explained(thrown: unknown, host: Door): Promise<unknown> {
  const error = thrown instanceof SuppressedError ? thrown.suppressed : thrown
  if (error instanceof SuppressedError) return await explained(error, host)
  const { code = "", path } = Object(error) as { readonly code?: string; readonly path?: unknown }
  const sentence = Object.hasOwn(full, code) ? full[code] : undefined
  if (sentence === undefined || typeof path !== "string") return asFailure(error)
  const ours = {
    cache: cacheFolder(host),
    store: defaultStoreFolder(host.env, host.machine.home),
    temporary: host.machine.temporary,
  }
  const disk = await diskOf(path, host)
  const onDisk = async (folder: string): Promise<boolean> => disk !== undefined && (await diskOf(folder, host)) === disk
  const hints = [
    ...((await onDisk(ours.cache)) ? [hintOf.cache] : []),
    ...((await onDisk(ours.store)) ? [hintOf.store] : []),
    ...(isBelow(path, ours.temporary) && !isBelow(path, ours.cache) ? [hintOf.temporary] : []),
  ]
  const folder = [ours.cache, ours.store].find((one) => isBelow(path, one)) ?? dirname(path)
  return new Failure("cannot", `${sentence} on the disk of ${folder}`, {
    cause: asFailure(error),
    hint: hints.length === 0 ? `Make space on the disk of ${folder}, or use another folder` : hints.join(". "),
  })
}

const hintOf = {
  cache:
    "`nbstacks cache size` says what the cache takes there, `nbstacks cache clear` empties it, and NBSTACKS_CACHE can name a folder on another disk",
  store:
    "`nbstacks store gc` removes from the store what nothing uses, and NBSTACKS_STORE can name a folder on another disk",
  temporary: "TMPDIR can name a folder on another disk",
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(join(folder, "/"))
}

/** The file system of a path, or of the nearest folder above it that is there. Links are followed. */
async function diskOf(path: string, { files }: Door): Promise<bigint | undefined> {
  for (let at = path; ; at = dirname(at)) {
    const real = await files.realPath(at).catch(() => undefined)
    const found = real === undefined ? undefined : await files.stat(real)
    if (found !== undefined) return found.device
    if (dirname(at) === at) return undefined
  }
}
