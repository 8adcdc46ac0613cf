import { readArtifact, readPart } from "../../oci/artifact.ts"
import type { Descriptor } from "../../oci/descriptor.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Location } from "../../oci/store/store.ts"
import { parallel } from "../../parallel.ts"
import { artifactTypes } from "../../tree/labels.ts"
import { sentenceOf } from "../sentence.ts"
import type { ImageSigner } from "../sign/sign.ts"
import type { Trusted } from "../sign/trust.ts"

/** A signature beside an image, or why it cannot be read. */
export type KeptBundle = { readonly manifest: Digest } & ({ readonly bytes: Uint8Array } | { readonly problem: string })

/** More signatures than this are not looked at: anybody who may push can add some. */
export const mostBundles = 32
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

/** What those who are trusted signed beside an image, and who it was. */
export async function signedBeside(
  location: Location,
  referrers: readonly Descriptor[],
  trusted: readonly Trusted[],
): Promise<{ readonly by: string | undefined; readonly digests: ReadonlySet<Digest> }> {
  const { judgeBundle } = await import("../sign/trust.ts")
  const digests = new Set<Digest>()
  let by: string | undefined
  for (const bundle of await readBundles(location, referrers)) {
    const judged = "problem" in bundle ? undefined : judgeBundle(bundle.bytes, trusted)
    if (judged === undefined || "no" in judged || !judged.digests.has(location.digest)) continue
    by ??= judged.by
    for (const one of judged.digests) digests.add(one)
  }
  return { by, digests }
}

/** Those whose signatures a run believes: those who are trusted, and itself. */
export function believedBy(trusted: readonly Trusted[], signer: ImageSigner | undefined): readonly Trusted[] {
  const key = signer?.publicKey
  return key === undefined ? trusted : [...trusted, { kind: "key", name: "the key of this run", key }]
}

/** Whether the signer's own signature of all of these digests is beside an image; anybody's, where it has no key of its own and nobody is trusted. */
export async function isSigned(
  image: Location,
  referrers: readonly Descriptor[],
  { wanted, signer, believed }: Signing,
): Promise<boolean> {
  const own = signer.publicKey === undefined ? believed : believedBy([], signer)
  for (const bundle of await readBundles(image, referrers)) {
    if ("problem" in bundle) continue
    const { bundleDigests, judgeBundle } = await import("../sign/trust.ts")
    const judged = own.length === 0 ? undefined : judgeBundle(bundle.bytes, own)
    const digests = judged === undefined ? bundleDigests(bundle.bytes) : "no" in judged ? undefined : judged.digests
    if (digests !== undefined && wanted.every((one) => digests.has(one))) return true
  }
  return false
}

/** What is to be signed, who signs, and whose signatures are believed. */
export type Signing = {
  readonly wanted: readonly Digest[]
  readonly signer: ImageSigner
  readonly believed: readonly Trusted[]
}
