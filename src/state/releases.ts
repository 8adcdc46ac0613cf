import type { Clock } from "../host/clock.ts"
import type { Digest } from "../oci/digest.ts"
import { jsonPart, readArtifact, readJsonPart, writeArtifact } from "../oci/artifact.ts"
import { isFailure } from "../failure.ts"
import { artifactTypes } from "../tree/labels.ts"
import type { Place } from "./place.ts"
import { Release } from "./release.ts"

/** A release with the digest of its record. */
export type Recorded = { readonly digest: Digest; readonly release: Release }

/** The tag of a release's record; ten digits, so that names sort as numbers do. */
export function releaseTag(sequence: number): string {
  return `release-${String(sequence).padStart(10, "0")}`
}

/** The tag that says that all tags of a release are in place. */
export function taggedTag(sequence: number): string {
  return `tagged-${String(sequence).padStart(10, "0")}`
}

/**
 * The newest release of a place, or `undefined`.
 *
 * @param hint a sequence that is known to exist, so that not all tags have to be listed
 */
export async function latestRelease(place: Place, hint = 0): Promise<Recorded | undefined> {
  const newest = (await newestTag(place, hint)) ?? (hint > 0 ? await newestTag(place, 0) : undefined)
  return newest === undefined ? undefined : await readRelease(place, newest)
}

async function newestTag(place: Place, hint: number): Promise<string | undefined> {
  let newest: string | undefined
  for await (const tag of place.store.tags(place.state, hint > 0 ? releaseTag(hint - 1) : "release-")) {
    if (!/^release-\d{10}$/.test(tag)) {
      if (tag > "release.") break
      continue
    }
    newest = tag
  }
  return newest
}

/** A release by its record's tag or digest; `undefined` if there is none. */
export async function readRelease(place: Place, reference: string): Promise<Recorded | undefined> {
  const artifact = await readArtifact(place.store, place.state, { reference, type: artifactTypes.release })
  const record = artifact?.layers.find(({ mediaType }) => mediaType === artifactTypes.release)
  if (artifact === undefined || record === undefined) return undefined
  return {
    digest: artifact.digest,
    release: await readJsonPart(place.store, place.state, { descriptor: record, schema: Release }),
  }
}

/** The releases before one, newest first, at most so many. */
export async function* releasesBefore(place: Place, from: Recorded, most: number): AsyncIterable<Recorded> {
  let previous = from.release.previous
  for (let count = 0; count < most && previous !== null; count++) {
    const found = await readRelease(place, previous)
    if (found === undefined) return
    yield found
    previous = found.release.previous
  }
}

/** How long a registry that cannot compare and swap is given to show who wrote last, in milliseconds. */
const settling = 1_500

/**
 * Writes the record of a release: the commit point. Undefined, and no release, if another took its number. Where a
 * registry cannot write a tag only once, it is read back after a while: of two writers the last one has the number.
 *
 * @param sign Puts a signature beside the record, where there is one to put.
 */
export async function recordRelease(
  place: Place,
  release: Release,
  clock: Pick<Clock, "sleep">,
  sign: (record: Digest) => Promise<void>,
): Promise<Digest | undefined> {
  const digest = await writeArtifact(place.store, place.state, {
    type: artifactTypes.release,
    parts: [jsonPart(artifactTypes.release, release, "release.json")],
    annotations: {
      "io.nbstacks.release": release.id,
      "io.nbstacks.branch": release.source.branch ?? "",
      "org.opencontainers.image.revision": release.source.commit ?? "",
    },
  })
  // Before anything leads to it: a release that is there is signed.
  await sign(digest)
  try {
    const tag = releaseTag(release.sequence)
    const { guarantee } = await place.store.tag(place.state, tag, digest, "absent")
    if (guarantee === "exact") return digest
    await clock.sleep(settling)
    return (await place.store.headManifest(place.state, tag))?.digest === digest ? digest : undefined
  } catch (error) {
    if (isFailure(error) && error.code === "no") return undefined
    throw error
  }
}
