import type { Digest } from "../../oci/digest.ts"
import type { Image } from "../../oci/image.ts"
import { constantTime } from "../../oci/tar/header.ts"
import type { Found } from "../inventory/join.ts"
import type { SbomFormat } from "./formats.ts"
import { materialsOf } from "./sbom.ts"

/** An image of which a bill of materials is written. */
export type Described = {
  /** As people call it. */
  readonly name: string
  readonly digest: Digest
  readonly image: Image
  readonly items: readonly Found[]
}

/**
 * The bill of materials of an image. The same image gives the same document.
 *
 * @param version Of nbstacks.
 */
export async function sbomDocument(
  format: SbomFormat,
  { name, digest, image, items }: Described,
  version: string,
): Promise<object> {
  const materials = materialsOf({ name, digest, platform: image.platform }, items)
  const written = { version, at: timeOf(image) }
  return format === "spdx"
    ? (await import("./spdx.ts")).spdxDocument(materials, written)
    : (await import("./cyclonedx.ts")).cyclonedxDocument(materials, written)
}

/** When the newest of an image's layers was made, as its history says; our own constant time where it says nothing. */
function timeOf({ layers }: Image): Date {
  const times = layers.map(({ history }) => Date.parse(history.created ?? "")).filter((time) => !Number.isNaN(time))
  return new Date(times.length === 0 ? constantTime * 1000 : Math.max(...times))
}
