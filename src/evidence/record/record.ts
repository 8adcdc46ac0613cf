import { artifactManifest, writeParts, type Artifact, type Part } from "../../oci/artifact.ts"
import type { Descriptor } from "../../oci/descriptor.ts"
import { digestOf, type Digest } from "../../oci/digest.ts"
import type { Location } from "../../oci/store/store.ts"
import { artifactTypes } from "../../tree/labels.ts"
import { checkNotes, goneError, type CheckEvidence } from "../attach.ts"
import type { ImageSigner } from "../sign/sign.ts"
import type { Trusted } from "../sign/trust.ts"
import { isSigned, signedBeside } from "./bundles.ts"

/** Marks evidence that has everything, not only a check report. */
export const wholeNote = "io.nbstacks.evidence"

export type Recording = {
  readonly check: Pick<CheckEvidence, "key" | "passed" | "failed">
  /** Makes the parts; asked only where this evidence is not there yet. */
  readonly compose: () => Promise<readonly Part[]>
  readonly signer: ImageSigner | undefined
  /** Whose signatures make that evidence which is there already counts; without a signer and anybody here all counts. */
  readonly believed: readonly Trusted[]
  /** Make it anew, whatever is there. */
  readonly renew: boolean
}

/**
 * Puts what is established about an image beside it, and a signature of both, unless they are there: one artifact for each
 * check key. What both come to is one change of a registry's list. Evidence that somebody else wrote is never signed.
 */
export async function recordEvidence(image: Location, { check, compose, ...recording }: Recording): Promise<void> {
  const { store, repository, digest } = image
  const { signer, believed, renew } = recording
  const [subject, referrers] = await Promise.all([
    store.headManifest(repository, digest),
    store.referrers(repository, digest),
  ])
  if (subject === undefined) throw goneError(image)
  const candidates = wholeEvidence(referrers).filter(
    ({ annotations }) => annotations?.[checkNotes.check] === check.key && annotations[checkNotes.failed] === "0",
  )
  const counting = renew ? undefined : await countingOf(image, { candidates, referrers, signer, believed })
  // A registry that cleans up may list what it took away.
  const isThere = async (one: Digest): Promise<boolean> => (await store.headManifest(repository, one)) !== undefined
  const there = counting !== undefined && (await isThere(counting.digest)) ? counting : undefined
  const made = there === undefined ? evidenceArtifact(await compose(), subject, check) : undefined
  const evidence = made === undefined ? (there as Descriptor).digest : digestOf(made.bytes)
  const wanted = [digest, evidence]
  const signed = signer === undefined || (await isSigned(image, referrers, { wanted, signer, believed }))
  const signature = signed ? undefined : await signatureOf(wanted, subject, signer)
  const isListed = candidates.some((one) => one.digest === evidence)
  const isNew = made !== undefined && !(isListed && (await isThere(evidence)))
  const artifacts = [isNew ? made : undefined, signature].filter((one) => one !== undefined)
  if (artifacts.length === 0) return
  for (const artifact of artifacts) await writeParts(store, repository, artifact)
  await store.attach(
    repository,
    digest,
    artifacts.map(({ bytes }) => bytes),
  )
}

/** The evidence among what refers to an image that has everything. */
export function wholeEvidence(referrers: readonly Descriptor[]): readonly Descriptor[] {
  return referrers.filter(
    ({ artifactType, annotations }) => artifactType === artifactTypes.evidence && annotations?.[wholeNote] === "1",
  )
}

type Candidates = Pick<Recording, "signer" | "believed"> & {
  readonly candidates: readonly Descriptor[]
  readonly referrers: readonly Descriptor[]
}

/** The evidence that counts: any where nobody signs, else one that somebody who is believed signed with the image. */
async function countingOf(
  image: Location,
  { candidates, referrers, signer, believed }: Candidates,
): Promise<Descriptor | undefined> {
  if (candidates.length === 0 || (signer === undefined && believed.length === 0)) return candidates[0]
  if (believed.length === 0 && signer !== undefined) {
    // Nobody can say yet whose signatures count: one that is about both is left alone, nothing else is signed.
    for (const one of candidates)
      if (await isSigned(image, referrers, { wanted: [image.digest, one.digest], signer, believed })) return one
    return undefined
  }
  const signed = await signedBeside(image, referrers, believed)
  return candidates.find(({ digest }) => signed.digests.has(digest))
}

/** Puts a signature beside an index or a record, unless there is one by the same key. */
export async function signManifest(
  manifest: Location,
  { signer, believed }: Pick<Recording, "believed"> & { readonly signer: ImageSigner },
): Promise<void> {
  const { store, repository, digest } = manifest
  const [subject, referrers] = await Promise.all([
    store.headManifest(repository, digest),
    store.referrers(repository, digest),
  ])
  if (subject === undefined) throw goneError(manifest)
  const wanted = [digest]
  if (await isSigned(manifest, referrers, { wanted, signer, believed })) return
  const signature = await signatureOf(wanted, subject, signer)
  await writeParts(store, repository, signature)
  await store.attach(repository, digest, [signature.bytes])
}

/** Whether somebody who is believed signed an index or a record. */
export async function isBelieved(manifest: Location, believed: readonly Trusted[]): Promise<boolean> {
  const referrers = await manifest.store.referrers(manifest.repository, manifest.digest)
  return (await signedBeside(manifest, referrers, believed)).by !== undefined
}

function evidenceArtifact(
  parts: readonly Part[],
  { mediaType, digest, size }: Descriptor,
  { key, passed, failed }: Recording["check"],
): Artifact & { readonly bytes: Uint8Array } {
  const artifact: Artifact = {
    type: artifactTypes.evidence,
    parts,
    subject: { mediaType, digest, size },
    annotations: {
      [wholeNote]: "1",
      [checkNotes.check]: key,
      [checkNotes.passed]: String(passed),
      [checkNotes.failed]: String(failed),
    },
  }
  return { ...artifact, bytes: artifactManifest(artifact) }
}

async function signatureOf(
  wanted: readonly Digest[],
  subject: Descriptor,
  signer: ImageSigner,
): Promise<Artifact & { readonly bytes: Uint8Array }> {
  const { signatureArtifact } = await import("../sign/sign.ts")
  return signatureArtifact(await signer.bundle(wanted), subject)
}
