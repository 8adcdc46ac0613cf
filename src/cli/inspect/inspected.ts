import { join } from "node:path"
import { inventoryOf, type Inventory } from "../../evidence/inventory/inventory.ts"
import { factsPool } from "../../evidence/inventory/facts-pool.ts"
import { cacheFolder } from "../../files/cache-folder.ts"
import type { Context } from "../context.ts"
import { findNamed, type FindOptions, type Named } from "./find.ts"
import { reading } from "./progress.ts"

/** An image that was named, and what is in it. */
export type Inspected = Named & { readonly inventory: Inventory }

/** Finds an image and reads what is in it, saying on a terminal how far that is. */
export async function inspected(context: Context, name: string, options: FindOptions): Promise<Inspected> {
  const named = await findNamed(context, name, options)
  using progress = reading(context, named.image)
  const { host, signal } = context
  await using pool = factsPool(Math.min(4, host.machine.cores))
  const inventory = await inventoryOf(named.image, {
    cache: { files: host.files, folder: join(cacheFolder(host), "inventories") },
    signal,
    pool,
    onLayer: progress.onLayer,
  })
  return { ...named, inventory }
}
