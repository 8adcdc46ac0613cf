import type { TagPlace } from "../oci/store/layout/gc.ts"
import type { Layout } from "../oci/store/layout/layout.ts"

export type OldKeys = {
  /** Milliseconds since 1970: records that were not used since are old. */
  readonly before: number
  readonly signal: AbortSignal
}

/**
 * What keeps images in a local store and has had its time: tags under which Docker handed over results of builds that
 * were killed, and records of builds (`key-…`) in every state repository that were not used for long, except the last
 * one of each row. What they alone keep can be collected once they are deleted.
 */
export async function findOldKeys(layout: Layout, { before, signal }: OldKeys): Promise<readonly TagPlace[]> {
  const old: TagPlace[] = []
  for (const repository of await layout.repositories()) {
    const tags = await Array.fromAsync(layout.tags(repository))
    for (const tag of tags.filter((one) => /^nbstacks-[0-9a-f]{16}$/.test(one)))
      if (((await layout.tagTime(repository, tag)) ?? before) < before) old.push({ repository, tag })
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
      if (found !== undefined && age !== undefined && !last.has(found.digest) && age < before)
        old.push({ repository, tag })
    }
  }
  return old
}
