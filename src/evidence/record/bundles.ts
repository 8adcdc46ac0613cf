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
const mostBundles = 32
/** At once. */
const width = 4

/** The signatures among what refers to an image. */
export function bundlesAmong(referrers: readonly Descriptor[]): readonly Descriptor[] {
  return referrers.filter(({ artifactType }) => artifactType === artifactTypes.bundle)
}

/** Reads the signatures among what refers to an image. One that is damaged or gone takes nothing from the others. */
export async function readBundles(
  { store, repository }: Pick<Location, "store" | "repository">,
  referrers: readonly Descriptor[],
): Promise<readonly KeptBundle[]> {
  return await parallel(bundlesAmong(referrers).slice(0, mostBundles), width, async ({ digest }) => {
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

/** What the signatures beside something came to. */
export type Judgement = {
  /** Those of whom one is there that is about it. */
  readonly by: ReadonlySet<string>
  /** What each of these is about. */
  readonly signed: readonly ReadonlySet<Digest>[]
  /** Why others do not count. */
  readonly not: readonly string[]
}

/** Judges the signatures beside something by those who are trusted. */
export async function judgeBundles(
  bundles: readonly KeptBundle[],
  subject: Digest,
  trusted: readonly Trusted[],
): Promise<Judgement> {
  const { judgeBundle } = await import("../sign/trust.ts")
  const by = new Set<string>()
  const signed: ReadonlySet<Digest>[] = []
  const not: string[] = []
  for (const { manifest, ...bundle } of bundles) {
    const judged = "problem" in bundle ? { no: bundle.problem } : judgeBundle(bundle.bytes, trusted)
    if ("no" in judged) not.push(`${manifest}: ${judged.no}`)
    else if (!judged.digests.has(subject)) not.push(`${manifest}: it is about something else`)
    else {
      by.add(judged.by)
      signed.push(judged.digests)
    }
  }
  return { by, signed, not }
}

/** Those whose signatures a run believes: those who are trusted, and itself. */
export function believedBy(trusted: readonly Trusted[], signer: ImageSigner | undefined): readonly Trusted[] {
  const key = signer?.publicKey
  return key === undefined ? trusted : [...trusted, { kind: "key", name: "the key of this run", key }]
}

/**
 * What is signed beside something, for who signs it next: by the signer's own key, else by those who are believed. Where nobody is, nothing can be verified, and
 * all that says to be about it counts.
 */
export async function signedBy(
  bundles: readonly KeptBundle[],
  subject: Digest,
  { signer, believed }: { readonly signer: ImageSigner; readonly believed: readonly Trusted[] },
): Promise<readonly ReadonlySet<Digest>[]> {
  const own = signer.publicKey === undefined ? believed : believedBy([], signer)
  if (own.length > 0) return (await judgeBundles(bundles, subject, own)).signed
  const { bundleDigests } = await import("../sign/trust.ts")
  return bundles.flatMap((bundle) => ("problem" in bundle ? [] : [bundleDigests(bundle.bytes)]))
}

/** Whether one signature is about all of these. */
export function covers(signed: readonly ReadonlySet<Digest>[], wanted: readonly Digest[]): boolean {
  return signed.some((digests) => wanted.every((one) => digests.has(one)))
}
