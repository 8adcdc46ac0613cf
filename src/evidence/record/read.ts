import { Failure } from "../../failure.ts"
import { readArtifact, readJsonPart, type ArtifactManifest } from "../../oci/artifact.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Image } from "../../oci/image.ts"
import type { Location } from "../../oci/store/store.ts"
import { artifactTypes } from "../../tree/labels.ts"
import type { Trusted } from "../sign/trust.ts"
import { InventoryRecord, mismatchOf } from "./inventory-part.ts"
import { readBundles, wholeNote } from "./record.ts"

/** An inventory that was kept beside an image, and the evidence that it is part of. */
export type KeptInventory = {
  readonly record: InventoryRecord
  readonly evidence: ArtifactManifest & { readonly digest: Digest }
}

/**
 * The inventory that is kept beside an image; undefined where there is none. Where somebody is trusted only what they signed counts.
 * Fails with `cannot` where it is no inventory, or one of another image: that is refused, and not passed over.
 */
export async function keptInventory(
  location: Location,
  image: Image,
  trusted: readonly Trusted[] = [],
): Promise<KeptInventory | undefined> {
  const { store, repository, digest } = location
  const referrers = await store.referrers(repository, digest)
  const whole = referrers.filter(
    ({ artifactType, annotations }) => artifactType === artifactTypes.evidence && annotations?.[wholeNote] === "1",
  )
  const first = trusted.length === 0 ? whole[0] : await firstSigned()
  if (first === undefined) return undefined
  const evidence = await readArtifact(store, repository, { reference: first.digest, type: artifactTypes.evidence })
  const descriptor = evidence?.layers.find(({ mediaType }) => mediaType === artifactTypes.inventory)
  if (evidence === undefined || descriptor === undefined) return undefined
  const record = await readJsonPart(store, repository, { descriptor, schema: InventoryRecord })
  const wrong = mismatchOf(record, image, digest)
  if (wrong === undefined) return { record, evidence }
  throw new Failure("cannot", `The inventory beside ${store.name}/${repository}@${digest} lies: ${wrong}`, {
    hint: "Find out who wrote it: `nbstacks verify` says more. `inspect --read-layers` passes it over",
  })

  async function firstSigned(): Promise<(typeof whole)[number] | undefined> {
    if (whole.length === 0) return undefined
    const { judgeBundle } = await import("../sign/trust.ts")
    const signed = new Set<Digest>()
    for (const { bytes } of await readBundles(location, referrers)) {
      const judged = bytes === undefined ? undefined : judgeBundle(bytes, trusted)
      if (judged !== undefined && "by" in judged && judged.digests.has(digest))
        for (const one of judged.digests) signed.add(one)
    }
    return whole.find((one) => signed.has(one.digest))
  }
}
