import { ArtifactManifest, artifactManifest, emptyConfig, writeParts, type Part } from "../oci/artifact.ts"
import type { Digest } from "../oci/digest.ts"
import { Failure } from "../failure.ts"
import type { Location } from "../oci/store/store.ts"
import type { CheckKey } from "../plan/check-key.ts"
import { artifactTypes } from "../tree/labels.ts"

const note = { check: "io.nbstacks.check", passed: "io.nbstacks.passed", failed: "io.nbstacks.failed" } as const

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
  if (manifest === undefined) throw new Failure("cannot", `${store.name}/${repository}@${digest} is gone`)
  const artifact = {
    type: artifactTypes.evidence,
    parts: evidence.parts,
    subject: { mediaType: manifest.mediaType, digest, size: manifest.size },
    annotations: {
      [note.check]: evidence.key,
      [note.passed]: String(evidence.passed),
      [note.failed]: String(evidence.failed),
    },
  }
  await writeParts(store, repository, artifact)
  await store.attach(repository, digest, artifactManifest(artifact))
}

/** The check keys under which an image passed every check. One request, or two where the referrers API is missing. */
export async function passedChecks(image: Location): Promise<ReadonlySet<CheckKey>> {
  return new Set((await checkSummaries(image)).filter(({ failed }) => failed === 0).map(({ key }) => key))
}

/** How many checks passed and failed, for each check key under which an image was checked. */
export async function checkSummaries(
  image: Location,
): Promise<
  readonly { readonly key: CheckKey; readonly passed: number; readonly failed: number; readonly manifest: Digest }[]
> {
  const referrers = await image.store.referrers(image.repository, image.digest)
  return referrers
    .filter(({ artifactType }) => artifactType === artifactTypes.evidence)
    .flatMap(({ annotations, digest }) => {
      const key = annotations?.[note.check]
      const [passed, failed] = [Number(annotations?.[note.passed]), Number(annotations?.[note.failed])]
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
    await to.store.attach(to.repository, to.digest, artifact.bytes)
  }
}
