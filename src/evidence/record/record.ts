import { artifactManifest, readArtifact, readPart, writeParts, type Artifact, type Part } from "../../oci/artifact.ts"
import type { Descriptor } from "../../oci/descriptor.ts"
import { digestOf, type Digest } from "../../oci/digest.ts"
import type { Location } from "../../oci/store/store.ts"
import { parallel } from "../../parallel.ts"
import { sentenceOf } from "../sentence.ts"
import { artifactTypes } from "../../tree/labels.ts"
import { checkNotes, goneError, type CheckEvidence } from "../attach.ts"
import type { ImageSigner } from "../sign/sign.ts"

/** Marks evidence that has everything, not only a check report. */
export const wholeNote = "io.nbstacks.evidence"

export type Recording = {
  readonly check: Pick<CheckEvidence, "key" | "passed" | "failed">
  /** Makes the parts; asked only where this evidence is not there yet. */
  readonly compose: () => Promise<readonly Part[]>
  readonly signer: ImageSigner | undefined
}

/**
 * Puts what is established about an image beside it, and a signature of both, unless they are there: one artifact for each
 * check key. What both come to is one change of a registry's list.
 */
export async function recordEvidence(image: Location, { check, compose, signer }: Recording): Promise<void> {
  const { store, repository, digest } = image
  const [subject, referrers] = await Promise.all([
    store.headManifest(repository, digest),
    store.referrers(repository, digest),
  ])
  if (subject === undefined) throw goneError(image)
  const there = referrers.find(
    ({ artifactType, annotations }) =>
      artifactType === artifactTypes.evidence &&
      annotations?.[wholeNote] === "1" &&
      annotations[checkNotes.check] === check.key &&
      annotations[checkNotes.failed] === "0",
  )
  const made = there === undefined ? evidenceArtifact(await compose(), subject, check) : undefined
  const evidence = made === undefined ? (there as Descriptor).digest : digestOf(made.bytes)
  const wanted = [digest, evidence]
  const signed = made === undefined && signer !== undefined && (await isSigned(image, referrers, { wanted, signer }))
  const signature = signer === undefined || signed ? undefined : await signatureOf(wanted, subject, signer)
  const artifacts = [made, signature].filter((one) => one !== undefined)
  if (artifacts.length === 0) return
  for (const artifact of artifacts) await writeParts(store, repository, artifact)
  await store.attach(
    repository,
    digest,
    artifacts.map(({ bytes }) => bytes),
  )
}

/** Puts a signature beside an index or a record, unless there is one by the same key. */
export async function signManifest(manifest: Location, signer: ImageSigner): Promise<void> {
  const { store, repository, digest } = manifest
  const [subject, referrers] = await Promise.all([
    store.headManifest(repository, digest),
    store.referrers(repository, digest),
  ])
  if (subject === undefined) throw goneError(manifest)
  const wanted = [digest]
  if (await isSigned(manifest, referrers, { wanted, signer })) return
  const signature = await signatureOf(wanted, subject, signer)
  await writeParts(store, repository, signature)
  await store.attach(repository, digest, [signature.bytes])
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

/** Whether some signature is about all of these digests; by this key, where signatures are by a key. */
async function isSigned(
  image: Location,
  referrers: readonly Descriptor[],
  { wanted, signer }: { readonly wanted: readonly Digest[]; readonly signer: ImageSigner },
): Promise<boolean> {
  for (const bundle of await readBundles(image, referrers)) {
    if ("problem" in bundle) continue
    const { bundleDigests } = await import("../sign/trust.ts")
    const digests = bundleDigests(bundle.bytes, signer.publicKey)
    if (wanted.every((one) => digests.has(one))) return true
  }
  return false
}

/** A signature beside an image, or why it cannot be read. */
export type KeptBundle = { readonly manifest: Digest } & ({ readonly bytes: Uint8Array } | { readonly problem: string })

/** More signatures than this are not looked at: anybody who may push can add some. */
const mostBundles = 32
/** At once. */
const width = 4

/** The signatures among what refers to an image. One that is damaged or gone takes nothing from the others. */
export async function readBundles(
  { store, repository }: Pick<Location, "store" | "repository">,
  referrers: readonly Descriptor[],
): Promise<readonly KeptBundle[]> {
  const bundles = referrers.filter(({ artifactType }) => artifactType === artifactTypes.bundle).slice(0, mostBundles)
  return await parallel(bundles, width, async ({ digest }) => {
    try {
      const artifact = await readArtifact(store, repository, { reference: digest, type: artifactTypes.bundle })
      const part = artifact?.layers.find(({ mediaType }) => mediaType === artifactTypes.bundle)
      if (part === undefined) return { manifest: digest, problem: "it is gone" }
      return { manifest: digest, bytes: await readPart(store, repository, part) }
    } catch (error) {
      return { manifest: digest, problem: sentenceOf(error) }
    }
  })
}
