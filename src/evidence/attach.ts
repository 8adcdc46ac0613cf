import {
  ArtifactManifest,
  attachArtifacts,
  emptyConfig,
  readArtifact,
  readPart,
  type Artifact,
  type Part,
} from "../oci/artifact.ts"
import type { Descriptor } from "../oci/descriptor.ts"
import type { Digest } from "../oci/digest.ts"
import { Failure } from "../failure.ts"
import type { Location } from "../oci/store/store.ts"
import type { CheckKey } from "../plan/check-key.ts"
import { artifactTypes } from "../tree/labels.ts"

/** Annotations of evidence: the check key, and how many checks passed and failed under it. */
export const checkNotes = {
  check: "io.nbstacks.check",
  passed: "io.nbstacks.passed",
  failed: "io.nbstacks.failed",
} as const

/** The outcome of the checks under one check key, with the report as it is to be kept. */
export type CheckEvidence = {
  readonly key: CheckKey
  readonly passed: number
  readonly failed: number
  readonly parts: readonly Part[]
}

/** Attaches a check report to an image, unless a passed one with the same check key is there. */
export async function attachChecks(image: Location, evidence: CheckEvidence): Promise<void> {
  const { store, repository, digest } = image
  if (evidence.failed === 0 && (await passedChecks(image)).has(evidence.key)) return
  const manifest = await store.headManifest(repository, digest)
  if (manifest === undefined) throw goneError(image)
  await attachArtifacts(image, [evidenceArtifact(evidence.parts, manifest, evidence)])
}

/** Evidence about an image under a check key, with more annotations than those of the check. */
export function evidenceArtifact(
  parts: readonly Part[],
  subject: Descriptor,
  {
    key,
    passed,
    failed,
    ...more
  }: Pick<CheckEvidence, "key" | "passed" | "failed"> & { readonly notes?: Artifact["annotations"] },
): Artifact {
  const notes = { [checkNotes.check]: key, [checkNotes.passed]: String(passed), [checkNotes.failed]: String(failed) }
  return { type: artifactTypes.evidence, parts, subject, annotations: { ...more.notes, ...notes } }
}

/** The evidence among what refers to an image. */
export function evidenceAmong(referrers: readonly Descriptor[]): readonly Descriptor[] {
  return referrers.filter(({ artifactType }) => artifactType === artifactTypes.evidence)
}

/** The check keys under which an image passed every check. One request, or two where the referrers API is missing. */
export async function passedChecks(image: Location): Promise<ReadonlySet<CheckKey>> {
  return new Set((await checkSummaries(image)).filter(({ failed }) => failed === 0).map(({ key }) => key))
}

/** How many checks passed and failed under a check key, as an evidence says it. */
export type CheckSummary = {
  readonly key: CheckKey
  readonly passed: number
  readonly failed: number
  /** Of the evidence. */
  readonly manifest: Digest
}

/** How many checks passed and failed, for each check key under which an image was checked. */
export async function checkSummaries(image: Location): Promise<readonly CheckSummary[]> {
  return summariesOf(await image.store.referrers(image.repository, image.digest))
}

/** The same among what refers to an image. */
export function summariesOf(referrers: readonly Descriptor[]): readonly CheckSummary[] {
  return evidenceAmong(referrers).flatMap(({ annotations, digest }) => {
    const key = annotations?.[checkNotes.check]
    const [passed, failed] = [Number(annotations?.[checkNotes.passed]), Number(annotations?.[checkNotes.failed])]
    const sound = key !== undefined && Number.isInteger(passed) && Number.isInteger(failed)
    return sound ? [{ key: key as CheckKey, passed, failed, manifest: digest }] : []
  })
}

/** Copies the check reports of an image to where the image was copied; what is there already is left alone. */
export async function copyChecks(from: Location, to: Location): Promise<void> {
  const known = await checkSummaries(from)
  if (known.length === 0) return
  const there = new Set((await checkSummaries(to)).map(({ manifest }) => manifest))
  for (const { manifest } of known) {
    if (there.has(manifest)) continue
    const artifact = await from.store.readManifest(from.repository, manifest)
    if (artifact === undefined) continue
    const { layers } = ArtifactManifest.parse(JSON.parse(new TextDecoder().decode(artifact.bytes)))
    for (const descriptor of [emptyConfig, ...layers])
      await to.store.writeBlob(to.repository, descriptor, () => from.store.read(from.repository, descriptor.digest))
    await to.store.attach(to.repository, to.digest, [artifact.bytes])
  }
}

/** What to say when an image was deleted while something was put beside it. */
export function goneError({ store, repository, digest }: Location): Failure {
  return new Failure("cannot", `${store.name}/${repository}@${digest} is gone`, {
    hint: "Somebody deleted it meanwhile, or the registry did. Run the command again",
  })
}

/** The parts of the check report that an image has under a key; undefined where there is none that passed. */
export async function readChecks(image: Location, key: CheckKey): Promise<CheckEvidence | undefined> {
  const { store, repository } = image
  const found = (await checkSummaries(image)).find((one) => one.key === key && one.failed === 0)
  if (found === undefined) return undefined
  const artifact = await readArtifact(store, repository, { reference: found.manifest, type: artifactTypes.evidence })
  const reports = artifact?.layers.filter(({ mediaType }) => reportTypes.has(mediaType)) ?? []
  const parts = await Promise.all(
    reports.map(async (descriptor): Promise<Part> => {
      const title = descriptor.annotations?.["org.opencontainers.image.title"]
      const bytes = await readPart(store, repository, descriptor)
      return { mediaType: descriptor.mediaType, bytes, ...(title === undefined ? {} : { title }) }
    }),
  )
  return { key, passed: found.passed, failed: 0, parts }
}

/** The check report, and the same as JUnit. */
const reportTypes: ReadonlySet<string> = new Set([artifactTypes.checkReport, "application/xml"])
