import { join, resolve } from "node:path"
import type { FileStat } from "../host/files.ts"
import type { Host } from "../host/host.ts"
import { digestOf, partsOf } from "../oci/digest.ts"
import { cacheFolder } from "./cache-folder.ts"

/**
 * Hashes of files that have not changed since. A hash counts while device, inode, size, mtime and ctime are the
 * same, to the nanosecond.
 */
export type HashCache = {
  /** The remembered hash (64 hexadecimal digits), if the file is still the same. */
  get(path: string, stat: FileStat): string | undefined
  /** Remembers a hash, unless the file changed less than two seconds before it was read. */
  set(path: string, stat: FileStat, hash: string): void
  /** Writes what was asked for or added in this run, when that differs from what is on disk. Never fails: a cache is not needed. */
  save(): Promise<void>
}

/** How long after a change a hash is not trusted: times of some file systems are as coarse as this. */
const distrust = 2_000_000_000n

const header = "nbstacks hashes 1"

/**
 * Opens the cache of one folder. Several processes may do so at once: the file is replaced as a whole, and what one of
 * them loses is hashed again. A file that is damaged in any way counts as empty.
 */
export async function openHashCache(
  folder: string,
  host: Pick<Host, "files" | "now" | "env" | "machine">,
): Promise<HashCache> {
  const name = partsOf(digestOf(resolve(folder))).hex
  const file = join(cacheFolder(host), "hashes", `${name}.txt`)
  const old = await read(file, host)
  const used = new Map<string, string>()
  let added = false
  return {
    get(path, stat) {
      const line = old.get(path) ?? used.get(path)
      const fingerprint = fingerprintOf(stat)
      if (line === undefined || !line.startsWith(`${fingerprint} `)) return undefined
      used.set(path, line)
      return line.slice(fingerprint.length + 1)
    },
    set(path, stat, hash) {
      const changed = stat.mtime > stat.ctime ? stat.mtime : stat.ctime
      if (BigInt(host.now().getTime()) * 1_000_000n - changed < distrust) return
      used.set(path, `${fingerprintOf(stat)} ${hash}`)
      old.delete(path)
      added = true
    },
    async save() {
      if (!added && used.size === old.size) {
        // Who clears the cache goes by what was used last.
        if (used.size > 0) await host.files.touch(file).catch(() => undefined)
        return
      }
      try {
        await host.files.write(file, write(used))
      } catch {
        // A full disk or a folder of another user: the files are hashed again next time.
      }
    },
  }
}

function fingerprintOf(stat: FileStat): string {
  return `${stat.device}:${stat.inode}:${stat.size}:${stat.mtime}:${stat.ctime}`
}

/** A line for each file, then the hash of all lines above it. */
function write(entries: ReadonlyMap<string, string>): string {
  const paths = [...entries.keys()].sort()
  const body = [header, ...paths.map((path) => `${entries.get(path)} ${JSON.stringify(path)}`), ""].join("\n")
  return `${body}${digestOf(body)}\n`
}

const lineShape = /^(\d+:\d+:\d+:-?\d+:-?\d+ [0-9a-f]{64}) (".*")$/

async function read(file: string, host: Pick<Host, "files">): Promise<Map<string, string>> {
  try {
    const text = await host.files.readText(file)
    const end = text.lastIndexOf("\n", text.length - 2) + 1
    const body = text.slice(0, end)
    if (!body.startsWith(`${header}\n`) || text.slice(end) !== `${digestOf(body)}\n`) return new Map()
    return new Map(body.split("\n").slice(1, -1).map(entryOf))
  } catch {
    return new Map()
  }
}

function entryOf(line: string): [string, string] {
  const [, value = "", path = ""] = lineShape.exec(line) ?? []
  return [JSON.parse(path) as string, value]
}
