import { Failure } from "../failure.ts"
import type { FileStat } from "../host/files.ts"
import type { Host } from "../host/host.ts"
import { hasher, partsOf } from "../oci/digest.ts"
import type { HashCache } from "./hash-cache.ts"

/** Files up to this size are read at once, which is faster; others as a stream. In bytes. */
const small = 256 * 1024
/** How often a file may change while it is read, until that is an error. */
const attempts = 3

export type Hashing = {
  /** What messages and the cache call it. */
  readonly path: string
  readonly absolute: string
  readonly before: FileStat
  readonly cache: HashCache
}

/** The hash of a file's bytes, and its place in the cache. A file that changes meanwhile is read again, thrice at most. */
export async function hashFile(host: Pick<Host, "files">, hashing: Hashing): Promise<string> {
  const { path, absolute, cache } = hashing
  let before = hashing.before
  for (let attempt = 0; attempt < attempts; attempt++) {
    const hash = await digest(host, absolute, before.size)
    const after = await host.files.stat(absolute)
    if (after === undefined) break
    if (sameFile(before, after)) {
      cache.set(path, after, hash)
      return hash
    }
    before = after
  }
  throw new Failure("cannot", `${path} changes while it is read`, { hint: "Run the command again" })
}

async function digest(host: Pick<Host, "files">, absolute: string, size: number): Promise<string> {
  const hash = hasher()
  if (size <= small) hash.update(await host.files.read(absolute))
  else for await (const chunk of host.files.stream(absolute)) hash.update(chunk)
  return partsOf(hash.digest()).hex
}

function sameFile(a: FileStat, b: FileStat): boolean {
  return a.inode === b.inode && a.device === b.device && a.size === b.size && a.mtime === b.mtime && a.ctime === b.ctime
}
