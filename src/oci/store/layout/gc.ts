import { join } from "node:path"
import { isDigest, type Digest } from "../../digest.ts"
import { moveInto, temporaryPath, type LayoutContext } from "./context.ts"
import { listRepositories } from "./index-file.ts"
import { oldestLease } from "./lease.ts"
import { markReachable } from "./mark.ts"
import { digestText } from "./paths.ts"

export type CollectOptions = {
  /** Milliseconds: what was written or asked for since then stays. */
  readonly grace: number
  /** Tags that are about to go and keep nothing any more. */
  readonly without?: readonly TagPlace[] | undefined
  /** Counts what would be taken away, and takes nothing. */
  readonly dryRun?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** A tag and where it is. */
export type TagPlace = { readonly repository: string; readonly tag: string }

/** What a collection took away. */
export type Collected = {
  readonly blobs: number
  readonly manifests: number
  /** Freed, in bytes. */
  readonly bytes: number
}

/** File systems take their times from a clock that ticks some milliseconds apart; in nanoseconds. */
const granularity = 100_000_000n

/**
 * Removes what nothing leads to: from tags, state artifacts, referrers of what is kept, and everything younger than
 * the grace period or than the oldest lease of a running process. Others may read and write meanwhile: each use of
 * a blob renews its time, and a file is looked at again after it was moved aside, before it is gone.
 */
export async function collect(
  context: LayoutContext,
  { grace, without = [], dryRun = false, signal }: CollectOptions,
): Promise<Collected> {
  const take = dryRun ? sizeIfOld : removeIfOld
  const { host, paths } = context
  const { files } = host
  const byGrace = BigInt(host.now().getTime() - grace) * 1_000_000n
  const byLease = await oldestLease(context)
  const cutoff = (byLease !== undefined && byLease < byGrace ? byLease : byGrace) - granularity
  const kept = await markReachable(context, { cutoff, without, signal })
  const counts = { blobs: 0, manifests: 0, bytes: 0 }

  for (const repository of await listRepositories(context)) {
    for (const { name } of (await files.list(paths.manifests(repository))) ?? []) {
      signal?.throwIfAborted()
      if (isKept(kept, name)) continue
      if ((await take(context, join(paths.manifests(repository), name), cutoff)) !== undefined) counts.manifests++
    }
    for (const { name } of (await files.list(paths.members(repository))) ?? [])
      if (!isKept(kept, name)) await take(context, join(paths.members(repository), name), cutoff)
    await sweepReferrers(context, repository, { kept, cutoff, take })
  }
  for (const algorithm of ["sha256", "sha512"])
    for (const { name } of (await files.list(join(paths.blobs, algorithm))) ?? []) {
      signal?.throwIfAborted()
      if (isKept(kept, `${algorithm}-${name}`)) continue
      const bytes = await take(context, join(paths.blobs, algorithm, name), cutoff)
      if (bytes === undefined) continue
      counts.blobs++
      counts.bytes += bytes
    }
  for (const folder of [paths.temporary, join(paths.folder, "broken")])
    for (const { name } of (await files.list(folder)) ?? []) {
      const found = await files.stat(join(folder, name))
      if (found === undefined || found.mtime >= cutoff) continue
      if (!dryRun) await files.remove(join(folder, name))
      counts.bytes += found.size
    }
  return counts
}

function isKept(kept: ReadonlySet<Digest>, name: string): boolean {
  const digest = digestText(name)
  return isDigest(digest) && kept.has(digest)
}

async function sweepReferrers(
  context: LayoutContext,
  repository: string,
  {
    kept,
    cutoff,
    take,
  }: { readonly kept: ReadonlySet<Digest>; readonly cutoff: bigint; readonly take: typeof removeIfOld },
): Promise<void> {
  const { files } = context.host
  const folder = context.paths.referrers(repository)
  for (const subject of (await files.list(folder)) ?? [])
    for (const { name } of (await files.list(join(folder, subject.name))) ?? [])
      if (!isKept(kept, name)) await take(context, join(folder, subject.name, name), cutoff)
}

/** The size of a file that `removeIfOld` would remove. */
async function sizeIfOld({ host }: LayoutContext, path: string, cutoff: bigint): Promise<number | undefined> {
  const found = await host.files.stat(path)
  return found === undefined || found.mtime >= cutoff ? undefined : found.size
}

/** Removes a file that nobody has touched since; its size, or undefined if it stays. */
async function removeIfOld(context: LayoutContext, path: string, cutoff: bigint): Promise<number | undefined> {
  const { files } = context.host
  const found = await files.stat(path)
  if (found === undefined || found.mtime >= cutoff) return undefined
  const aside = temporaryPath(context)
  await moveInto(context, path, aside)
  const again = await files.stat(aside)
  if (again !== undefined && again.mtime >= cutoff) {
    await moveInto(context, aside, path)
    return undefined
  }
  await files.remove(aside)
  return found.size
}
