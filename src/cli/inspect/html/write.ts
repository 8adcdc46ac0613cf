import { resolve } from "node:path"
import { bytes } from "../../../report/format.ts"
import type { Context } from "../../context.ts"
import type { FindOptions } from "../find.ts"
import { weighed } from "../weighed.ts"
import { pageDocument } from "./document.ts"
import { pageData } from "./report.ts"
import { readPageParts } from "./script.ts"

/** Writes a page about an image, by a temporary name first. */
export async function writePage(
  context: Context,
  { image, html, ...options }: FindOptions & { readonly image: string; readonly html: string },
): Promise<void> {
  const { host, io, folder } = context
  const data = pageData(await weighed(context, image, options))
  const page = Buffer.from(pageDocument(data, await readPageParts(host.files)))
  await host.files.write(resolve(folder, html), page)
  io.err(`Wrote ${html}, ${bytes(page.length)}. Open it in a browser; it needs no other file and no network.\n`)
}
