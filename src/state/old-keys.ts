import type { Layout } from "../oci/store/layout/layout.ts"

export type OldKeys = {
  /** Milliseconds since 1970: records that were not used since are dropped. */
  readonly before: number
  readonly signal: AbortSignal
}

/**
 * Drops records of builds (`key-…`) from every state repository of a local store, except the last one of each row.
 * What they alone kept can then be collected. Gives how many were dropped.
 */
export async function dropOldKeys(layout: Layout, { before, signal }: OldKeys): Promise<number> {
  let dropped = 0
  for (const repository of await layout.repositories()) {
    const tags = await Array.fromAsync(layout.tags(repository))
    const keys = tags.filter((tag) => /^key-[0-9a-f]{64}$/.test(tag))
    if (keys.length === 0) continue
    const last = new Set<string>()
    for (const tag of tags.filter((one) => one.startsWith("last-"))) {
      const found = await layout.headManifest(repository, tag)
      if (found !== undefined) last.add(found.digest)
    }
    for (const tag of keys) {
      signal.throwIfAborted()
      const found = await layout.headManifest(repository, tag)
      const age = await layout.tagTime(repository, tag)
      if (found === undefined || age === undefined || last.has(found.digest) || age >= before) continue
      if (await layout.deleteTag(repository, tag)) dropped++
    }
  }
  return dropped
}
