import { join } from "node:path"
import { inventoryOf } from "../../evidence/inventory/inventory.ts"
import { Failure } from "../../failure.ts"
import { cacheFolder } from "../../files/cache-folder.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import { findNamed } from "./find.ts"
import type { InspectOptions } from "./flags.ts"
import { reading } from "./progress.ts"
import { inspectJson, inspectText, packagesText } from "./view.ts"
import { namesLike, whyText } from "./why.ts"

/** Shows what is in an image. */
export async function inspect(context: Context, options: InspectOptions & { readonly image: string }): Promise<number> {
  const { host, io, signal } = context
  const named = await findNamed(context, options.image, options)
  using progress = reading(context, named.image)
  const inventory = await inventoryOf(named.image, {
    cache: { files: host.files, folder: join(cacheFolder(host), "inventories") },
    signal,
    onLayer: progress.onLayer,
  })
  progress[Symbol.dispose]()
  const view = { ...named, inventory }
  if (options.why !== undefined) {
    const found = namesLike(inventory.items, options.why)
    if (found.length === 0)
      throw new Failure("no", `There is no \`${options.why}\` in ${named.name}`, {
        hint: `See all with \`nbstacks inspect ${options.image} --packages\``,
      })
    io.out(options.json === true ? json({ found }) : whyText(view, found, io))
  } else if (options.json === true) io.out(json(inspectJson(view)))
  else io.out(options.packages === true ? packagesText(inventory.items) : inspectText(view, io))
  return 0
}
