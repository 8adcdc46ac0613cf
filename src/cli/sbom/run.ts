import { constantTime } from "../../oci/tar/header.ts"
import { materialsOf } from "../../evidence/sbom/sbom.ts"
import type { Context } from "../context.ts"
import { inspected, type Inspected } from "../inspect/inspected.ts"
import { version } from "../cli.ts"
import type { SbomOptions } from "./flags.ts"

/** Prints the bill of materials of an image. */
export async function sbom(context: Context, options: SbomOptions & { readonly image: string }): Promise<number> {
  const found = await inspected(context, options.image, options)
  const subject = { name: found.name, digest: found.location.digest, platform: found.image.platform }
  const materials = materialsOf(subject, found.inventory.items)
  const written = { version, at: timeOf(found) }
  const document =
    options.format === "spdx"
      ? (await import("../../evidence/sbom/spdx.ts")).spdxDocument(materials, written)
      : (await import("../../evidence/sbom/cyclonedx.ts")).cyclonedxDocument(materials, written)
  context.io.out(`${JSON.stringify(document, undefined, 2)}\n`)
  return 0
}

/** When the newest of an image's layers was made, as its history says; our own constant time where it says nothing. */
function timeOf({ image }: Inspected): Date {
  const times = image.layers
    .map(({ history }) => Date.parse(history.created ?? ""))
    .filter((time) => !Number.isNaN(time))
  return new Date(times.length === 0 ? constantTime * 1000 : Math.max(...times))
}
