import { join } from "node:path"
import { factsPool } from "../../evidence/inventory/facts-pool.ts"
import { inventoryOf, keptInventoryOf, type Inventory } from "../../evidence/inventory/inventory.ts"
import { evidenceBeside, type Evidence } from "../../evidence/record/read.ts"
import { isFailure } from "../../failure.ts"
import { cacheFolder } from "../../files/cache-folder.ts"
import type { Context } from "../context.ts"
import { readTrusted } from "../evidence/trusted.ts"
import { findNamed, type FindOptions, type Named } from "./find.ts"
import { reading } from "./progress.ts"

/** An image that was named, and what is in it. */
export type Inspected = Named & {
  readonly inventory: Inventory
  /** What is kept beside it; undefined where that cannot be asked. */
  readonly evidence: Evidence | undefined
  /** Where the inventory is from. */
  readonly from: "layers" | "evidence"
}

export type InspectedOptions = FindOptions & {
  /** Read the layers, whatever is kept beside the image. */
  readonly readLayers?: true | undefined
}

/**
 * Finds an image and what is in it: from its layers where they are known, else from the evidence beside it, else by reading its layers,
 * saying on a terminal how far that is. Fails with `cannot` where the evidence lies.
 */
export async function inspected(context: Context, name: string, options: InspectedOptions): Promise<Inspected> {
  const named = await findNamed(context, name, options)
  const { host, signal } = context
  const { image, location } = named
  const cache = { files: host.files, folder: join(cacheFolder(host), "inventories") }
  const [known, evidence] = await Promise.all([
    options.readLayers === true ? undefined : keptInventoryOf(image, cache),
    evidenceOf(context, named),
  ])
  if (known !== undefined) return { ...named, inventory: known, evidence, from: "layers" }
  const kept = options.readLayers === true ? undefined : await evidence?.inventory(image)
  if (kept !== undefined) return { ...named, inventory: kept, evidence, from: "evidence" }
  using progress = reading(context, image)
  await using pool = factsPool(Math.min(4, host.machine.cores))
  const inventory = await inventoryOf(image, {
    cache,
    signal,
    pool,
    onLayer: progress.onLayer,
    tables: options.readLayers !== true,
  })
  return { ...named, location, inventory, evidence, from: "layers" }
}

/** Registries of others need not answer what refers to an image. */
async function evidenceOf({ host, signal }: Context, { location, tree }: Named): Promise<Evidence | undefined> {
  const trusted = tree === undefined ? [] : await readTrusted(host, tree)
  try {
    return await evidenceBeside(location, trusted)
  } catch (error) {
    signal.throwIfAborted()
    if (isFailure(error)) return undefined
    throw error
  }
}
