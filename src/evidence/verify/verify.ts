import { readArtifact } from "../../oci/artifact.ts"
import type { Descriptor } from "../../oci/descriptor.ts"
import type { Digest } from "../../oci/digest.ts"
import { readImage, sizeOfLayers, type Image } from "../../oci/image.ts"
import type { Platform } from "../../oci/platform.ts"
import type { Location } from "../../oci/store/store.ts"
import { parallel } from "../../parallel.ts"
import { bytes, count } from "../../report/format.ts"
import { sentenceOf } from "../sentence.ts"
import { artifactTypes } from "../../tree/labels.ts"
import { checkNotes, evidenceAmong } from "../attach.ts"
import { wholeEvidence } from "../record/record.ts"
import type { Trusted } from "../sign/trust.ts"
import { bad, note, ok, type Finding } from "./finding.ts"
import { partFindings } from "./parts.ts"
import { verifySignatures } from "./signatures.ts"

export type VerifyOptions = {
  /** The check key under which it was released, where that is known: evidence under this one has to be there. */
  readonly check?: string | undefined
  readonly trusted: readonly Trusted[]
  /** Compares the inventory with what the layers say, reading all of them; gives what is wrong with it. */
  readonly compare?: ((location: Location, image: Image) => Promise<readonly Finding[]>) | undefined
}

/** What was found about one manifest: an index has no platform. */
export type Verified = {
  readonly digest: Digest
  readonly platform?: Platform
  readonly findings: readonly Finding[]
}

/** Layers that are asked for at once. */
const width = 8
/** Anybody who may push can add evidence; more than this is not looked at. */
const mostEvidence = 32

/** Verifies the signature of an index, or of a release's record. */
export async function verifySigned(manifest: Location, { trusted }: VerifyOptions): Promise<Verified> {
  const { store, repository, digest } = manifest
  const referrers = await store.referrers(repository, digest)
  return { digest, findings: (await verifySignatures(manifest, referrers, trusted)).findings }
}

/**
 * Verifies an image and what is kept beside it: that all is there, is what its digest says, is about this image, that the checks passed, and
 * who signed it. Rejects only when the registry cannot be asked.
 */
export async function verifyImage(location: Location, options: VerifyOptions): Promise<Verified> {
  const { store, repository, digest } = location
  let image: Image
  try {
    image = await readImage(store, repository, digest)
  } catch (error) {
    return { digest, findings: [bad("image", sentenceOf(error))] }
  }
  const [referrers, layers] = await Promise.all([
    store.referrers(repository, digest),
    parallel(
      image.layers,
      width,
      async ({ descriptor }) => [descriptor.digest, await store.has(repository, descriptor.digest)] as const,
    ),
  ])
  const gone = layers.filter(([, there]) => !there).map(([one]) => one)
  const whole = `${count(image.layers.length, "layer")}, ${bytes(sizeOfLayers(image))}`
  const findings: Finding[] =
    gone.length === 0 ? [ok("image", whole)] : gone.map((one) => bad("image", `the layer ${one} is gone`))
  const signatures = await verifySignatures(location, referrers, options.trusted)
  findings.push(
    ...(await evidenceFindings({ location, image, check: options.check }, referrers, signatures.signed)),
    ...signatures.findings,
  )
  if (gone.length === 0 && options.compare !== undefined)
    try {
      findings.push(...(await options.compare(location, image)))
    } catch (error) {
      findings.push(bad("inventory", sentenceOf(error)))
    }
  return { digest, platform: image.platform, findings }
}

type Here = { readonly location: Location; readonly image: Image; readonly check: string | undefined }

async function evidenceFindings(
  { location, image, check }: Here,
  referrers: readonly Descriptor[],
  signed: ReadonlySet<Digest> | undefined,
): Promise<readonly Finding[]> {
  const all = evidenceAmong(referrers)
  const whole = wholeEvidence(referrers).slice(0, mostEvidence)
  const counting = signed === undefined ? whole : all.filter(({ digest }) => signed.has(digest))
  const lost = [...(signed ?? [])].filter((digest) => !all.some((one) => one.digest === digest))
  const findings: Finding[] = [
    ...lost.map((digest) => bad("evidence", `${digest} was signed with the image, and is not beside it`)),
    ...whole
      .filter((one) => !counting.includes(one))
      .map(({ digest }) => note("evidence", `${digest} is not signed, and does not count`)),
  ]
  if (counting.length === 0) {
    const only = all.length > 0 && whole.length === 0 ? ": only reports of checks" : ""
    findings.push(bad("evidence", signed === undefined ? `there is none${only}` : "there is none that is signed"))
  }
  const keys = counting.map(({ annotations }) => annotations?.[checkNotes.check])
  if (check !== undefined && counting.length > 0 && !keys.includes(check))
    findings.push(bad("checks", `the release names the check key ${check}, and there is no evidence under it`))
  for (const { digest } of counting) {
    const { store, repository } = location
    try {
      const artifact = await readArtifact(store, repository, { reference: digest, type: artifactTypes.evidence })
      if (artifact === undefined) findings.push(bad("evidence", `${digest} is listed, and gone`))
      else findings.push(ok("evidence", digest), ...(await partFindings({ location, image, artifact })))
    } catch (error) {
      findings.push(bad("evidence", sentenceOf(error)))
    }
  }
  return findings
}
