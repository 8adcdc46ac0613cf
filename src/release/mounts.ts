import type { Digest } from "../oci/digest.ts"
import { parseReference } from "../oci/reference.ts"
import type { Mount } from "../oci/store/store.ts"
import type { Place } from "../state/place.ts"
import type { Image, Tree } from "../tree/tree.ts"

/** Puts a blob with `write`, or knows that it need not. */
export type PutBlob = (digest: Digest, write: (mount?: Mount) => Promise<void>) => Promise<void>

/** Where the blobs of a place are, as far as one run can tell: what one row sent or had, the next has mounted. */
export type Mounts = {
  /** How the blobs of a row are put into its repository. A blob that several rows need at once is sent by one of them. */
  readonly putFor: (image: Image) => PutBlob
  /** Takes it that a repository has these, since a manifest there names them. */
  readonly note: (repository: string, digests: readonly Digest[]) => void
  /** Takes nothing more for granted of a repository. */
  readonly forget: (repository: string) => void
}

/** Knows nothing yet but where parents are. */
export function openMounts(target: Place, tree: Pick<Tree, "images">): Mounts {
  const rows = new Map(tree.images.map((image) => [image.id, image]))
  const holders = new Map<Digest, string>()
  const coming = new Map<Digest, Promise<void>>()
  const parentOf = ({ parent }: Image): Mount | undefined => {
    if (parent.kind === "none") return undefined
    if (parent.kind === "external") return below(target.store.name, parent.reference)
    const row = rows.get(parent.id)
    return row === undefined ? undefined : { from: target.repositoryOf(row.repository) }
  }
  return {
    note(repository, digests) {
      for (const digest of digests) if (!holders.has(digest)) holders.set(digest, repository)
    },
    forget(repository) {
      for (const [digest, holder] of holders) if (holder === repository) holders.delete(digest)
    },
    putFor(image) {
      const repository = target.repositoryOf(image.repository)
      const parent = parentOf(image)
      return async (digest, write) => {
        for (let one = coming.get(digest); one !== undefined; one = coming.get(digest)) await one.catch(() => undefined)
        const holder = holders.get(digest)
        if (holder === repository) return
        if (holder !== undefined) return await write({ from: holder, held: true })
        const sent = write(parent)
        coming.set(digest, sent)
        try {
          await sent
          holders.set(digest, repository)
        } finally {
          coming.delete(digest)
        }
      }
    },
  }
}

/** The repository of an image of another tree that is in the same store, below its name. */
function below(name: string, reference: string): Mount | undefined {
  const parsed = parseReference(reference)
  if (parsed === undefined) return undefined
  const whole = `${parsed.host}/${parsed.repository}`
  return whole.startsWith(`${name}/`) ? { from: whole.slice(name.length + 1) } : undefined
}
