import { sbomDocument } from "../../evidence/sbom/document.ts"
import type { Context } from "../context.ts"
import { inspected } from "../inspect/inspected.ts"
import { version } from "../cli.ts"
import type { SbomOptions } from "./flags.ts"

/** Prints the bill of materials of an image. */
export async function sbom(context: Context, options: SbomOptions & { readonly image: string }): Promise<number> {
  const { name, location, image, inventory } = await inspected(context, options.image, options)
  const subject = { name, digest: location.digest, image, items: inventory.items }
  const document = await sbomDocument(options.format, subject, version)
  context.io.out(`${JSON.stringify(document, undefined, 2)}\n`)
  return 0
}
