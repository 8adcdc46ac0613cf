import { artifactManifest, attachArtifacts, type Artifact, type Part } from "../../oci/artifact.ts"
import type { Descriptor } from "../../oci/descriptor.ts"
import { digestOf, type Digest } from "../../oci/digest.ts"
import type { Location } from "../../oci/store/store.ts"
import { evidenceAmong, evidenceArtifact, goneError, summariesOf, type CheckEvidence } from "../attach.ts"
import type { ImageSigner } from "../sign/sign.ts"
import type { Trusted } from "../sign/trust.ts"
import { covers, judgeBundles, readBundles, signedBy } from "./bundles.ts"

/** Marks evidence that has everything, not only a check report. */
const wholeNote = "io.nbstacks.evidence"
const whole = { [wholeNote]: "1" } as const

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
  const { subject, referrers } = await askBeside(image)
  const isOpen = signer === undefined && believed.length === 0
  const bundles = isOpen ? [] : await readBundles(image, referrers)
  const signed = signer === undefined ? undefined : await signedBy(bundles, digest, { signer, believed })
  const candidates = summariesOf(wholeEvidence(referrers))
    .filter(({ key, failed }) => key === check.key && failed === 0)
    .map(({ manifest }) => manifest)
  // Evidence counts that somebody who is believed signed with the image; where nobody signs, any does.
  const trusted = believed.length === 0 ? signed : (await judgeBundles(bundles, digest, believed)).signed
  const counting = candidates.find((one) => trusted === undefined || covers(trusted, [digest, one]))
  // A registry that cleans up may list what it took away.
  const isThere = async (one: Digest): Promise<boolean> => (await store.headManifest(repository, one)) !== undefined
  const there = !renew && counting !== undefined && (await isThere(counting)) ? counting : undefined
  const made = there === undefined ? evidenceArtifact(await compose(), subject, { ...check, notes: whole }) : undefined
  const evidence = made === undefined ? (there as Digest) : digestOf(artifactManifest(made))
  const isNew = made !== undefined && !(candidates.includes(evidence) && (await isThere(evidence)))
  const wanted = [digest, evidence]
  const signature =
    signer === undefined || covers(signed ?? [], wanted) ? undefined : await signatureOf(wanted, subject, signer)
  const artifacts = [isNew ? made : undefined, signature].filter((one) => one !== undefined)
  if (artifacts.length > 0) await attachArtifacts(image, artifacts)
}

/** The evidence among what refers to an image that has everything. */
export function wholeEvidence(referrers: readonly Descriptor[]): readonly Descriptor[] {
  return evidenceAmong(referrers).filter(({ annotations }) => annotations?.[wholeNote] === whole[wholeNote])
}

/** Puts a signature beside an index or a record, unless there is one by the same key. */
export async function signManifest(
  manifest: Location,
  { signer, believed }: Pick<Recording, "believed"> & { readonly signer: ImageSigner },
): Promise<void> {
  const { subject, referrers } = await askBeside(manifest)
  const wanted = [manifest.digest]
  const bundles = await readBundles(manifest, referrers)
  if (covers(await signedBy(bundles, manifest.digest, { signer, believed }), wanted)) return
  await attachArtifacts(manifest, [await signatureOf(wanted, subject, signer)])
}

/** Whether somebody who is believed signed an index or a record. */
export async function isBelieved(manifest: Location, believed: readonly Trusted[]): Promise<boolean> {
  const { store, repository, digest } = manifest
  const bundles = await readBundles(manifest, await store.referrers(repository, digest))
  return (await judgeBundles(bundles, digest, believed)).by.size > 0
}

/** The manifest itself, and what refers to it. */
async function askBeside(
  manifest: Location,
): Promise<{ readonly subject: Descriptor; readonly referrers: readonly Descriptor[] }> {
  const { store, repository, digest } = manifest
  const [subject, referrers] = await Promise.all([
    store.headManifest(repository, digest),
    store.referrers(repository, digest),
  ])
  if (subject === undefined) throw goneError(manifest)
  return { subject, referrers }
}

async function signatureOf(wanted: readonly Digest[], subject: Descriptor, signer: ImageSigner): Promise<Artifact> {
  const { signatureArtifact } = await import("../sign/sign.ts")
  return signatureArtifact(await signer.bundle(wanted), subject)
}
