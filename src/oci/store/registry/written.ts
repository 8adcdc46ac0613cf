import type { Digest } from "../../digest.ts"
import type { Manifest } from "../store.ts"

/** The manifests that were put last, so that tagging one does not read it back. */
export type Written = {
  readonly keep: (repository: string, manifest: Manifest) => void
  readonly find: (repository: string, digest: Digest) => Manifest | undefined
}

/** How many are kept, and how large one may be, in bytes: 4 MiB in all. */
const [most, largest] = [256, 16 * 1024]

/** Remembers nothing at first; forgets the oldest. */
export function makeWritten(): Written {
  const kept = new Map<string, Manifest>()
  return {
    keep(repository, manifest) {
      if (manifest.bytes.length > largest) return
      for (const oldest of kept.keys()) {
        if (kept.size < most) break
        kept.delete(oldest)
      }
      kept.set(`${repository}@${manifest.descriptor.digest}`, manifest)
    },
    find: (repository, digest) => kept.get(`${repository}@${digest}`),
  }
}
