import { Failure } from "../../failure.ts"
import { readArtifact, readJsonPart, type ArtifactManifest } from "../../oci/artifact.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Image } from "../../oci/image.ts"
import type { Location } from "../../oci/store/store.ts"
import type { CheckKey } from "../../plan/check-key.ts"
import { artifactTypes } from "../../tree/labels.ts"
import { checkNotes, summariesOf } from "../attach.ts"
import type { Inventory } from "../inventory/inventory.ts"
import type { Trusted } from "../sign/trust.ts"
import { InventoryRecord, mismatchOf } from "./inventory-part.ts"
import { bundlesAmong, covers, judgeBundles, readBundles } from "./bundles.ts"
import { wholeEvidence } from "./record.ts"

/** What is kept beside an image, and counts. */
export type Evidence = {
  /** The manifest of the evidence that counts; undefined where there is none. */
  readonly digest: Digest | undefined
  /** Checks under the check keys that are known, those of the evidence that counts first. */
  readonly checks: readonly { readonly passed: number; readonly failed: number }[]
  /** How many signatures are there, whoever made them. */
  readonly signatures: number
  /** Who of those that count signed it; undefined where nobody has to. */
  readonly signedBy: string | undefined
  /**
   * The inventory of the evidence; undefined where there is none. Fails with `cannot` where it is no inventory, or one of another
   * image: that is refused, and not passed over.
   */
  readonly inventory: (image: Image) => Promise<Inventory | undefined>
  /** The manifest of the evidence that counts, read. */
  readonly manifest: () => Promise<ArtifactManifest | undefined>
}

/**
 * Asks what is kept beside an image. Where somebody is trusted only what they signed counts.
 *
 * @param check Only under this check key.
 */
export async function evidenceBeside(
  location: Location,
  trusted: readonly Trusted[],
  check?: CheckKey,
): Promise<Evidence> {
  const { store, repository, digest } = location
  const referrers = await store.referrers(repository, digest)
  const whole = wholeEvidence(referrers).filter(
    ({ annotations }) => check === undefined || annotations?.[checkNotes.check] === check,
  )
  const judged =
    trusted.length === 0 || whole.length === 0
      ? undefined
      : await judgeBundles(await readBundles(location, referrers), digest, trusted)
  const counting = trusted.length === 0 ? whole[0] : whole.find((one) => covers(judged?.signed ?? [], [one.digest]))
  let read: Promise<ArtifactManifest | undefined> | undefined
  const manifest = (): Promise<ArtifactManifest | undefined> =>
    (read ??=
      counting === undefined
        ? Promise.resolve(undefined)
        : readArtifact(store, repository, { reference: counting.digest, type: artifactTypes.evidence }))
  return {
    digest: counting?.digest,
    checks: summariesOf(counting === undefined ? referrers : [counting]),
    signatures: bundlesAmong(referrers).length,
    signedBy: [...(judged?.by ?? [])][0],
    manifest,
    async inventory(image) {
      const descriptor = (await manifest())?.layers.find(({ mediaType }) => mediaType === artifactTypes.inventory)
      if (descriptor === undefined) return undefined
      const record = await readJsonPart(store, repository, { descriptor, schema: InventoryRecord })
      const wrong = mismatchOf(record, image, digest)
      if (wrong === undefined) return record
      throw new Failure("cannot", `The inventory beside ${store.name}/${repository}@${digest} lies: ${wrong}`, {
        hint: "Find out who wrote it: `nbstacks verify` says more. `inspect --read-layers` passes it over",
      })
    },
  }
}
