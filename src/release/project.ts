import type { Digest } from "../oci/digest.ts"
import { Failure, isFailure } from "../failure.ts"
import { parallel } from "../parallel.ts"
import type { Place } from "../state/place.ts"
import { taggedTag, type Recorded } from "../state/releases.ts"

const atOnce = 8

/**
 * Writes every tag of a release that is not in place, then marks the release as tagged. Interrupted, it is run
 * again by the next command. Gives the number of tags written.
 */
export async function projectTags(place: Place, { release, digest }: Recorded, signal: AbortSignal): Promise<number> {
  const wanted = release.images.flatMap((image) =>
    image.tags.map((tag) => ({ repository: place.repositoryOf(image.repository), tag, index: image.index })),
  )
  const written = await parallel(wanted, atOnce, async ({ repository, tag, index }) => {
    signal.throwIfAborted()
    return await writeTag(place, { repository, tag, index })
  })
  await place.store.tag(place.state, taggedTag(release.sequence), digest)
  return written.filter(Boolean).length
}

type Wanted = { readonly repository: string; readonly tag: string; readonly index: Digest }

/** A tag of a release is immutable: written once, never moved. */
async function writeTag({ store }: Place, { repository, tag, index }: Wanted): Promise<boolean> {
  try {
    await store.tag(repository, tag, index, "absent")
    return true
  } catch (error) {
    if (!isFailure(error) || error.code !== "no") throw error
    const now = await store.headManifest(repository, tag)
    if (now?.digest === index) return false
    if (now === undefined) throw error
    throw new Failure("no", `${store.name}/${repository}:${tag} names another image`, {
      hint: "Tags of releases are never overwritten. Find out who wrote it, delete it, and run `nbstacks publish` again",
      cause: error,
    })
  }
}

/** Whether all tags of a release are in place, as far as its mark says. One request. */
export async function isProjected(place: Place, { release, digest }: Recorded): Promise<boolean> {
  return (await place.store.headManifest(place.state, taggedTag(release.sequence)))?.digest === digest
}
