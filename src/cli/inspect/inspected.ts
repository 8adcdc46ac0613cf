import { factsPool } from "../../evidence/inventory/facts-pool.ts"
import { inventoryOf, keptLayers, type Inventory } from "../../evidence/inventory/inventory.ts"
import { evidenceBeside, type Evidence } from "../../evidence/record/read.ts"
import { isFailure } from "../../failure.ts"
import { layerCache } from "../../files/cache-folder.ts"
import type { Context } from "../context.ts"
import { readTrusted } from "../evidence/trusted.ts"
import { findNamed, type FindOptions, type Named } from "./find.ts"
import { reading } from "./progress.ts"
import { packageWords } from "./view.ts"

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
 * saying on a terminal how far that is; and what was not read, which no answer may hide. Fails with `cannot` where the evidence lies.
 */
export async function inspected(context: Context, name: string, options: InspectedOptions): Promise<Inspected> {
  const named = await findNamed(context, name, options)
  const evidence = evidenceOf(context, named)
  // Told when it is waited for.
  evidence.catch(() => undefined)
  const { from, inventory } = await inventoryFor(context, named, { evidence, whole: options.readLayers === true })
  for (const item of inventory.items)
    if (item.kind === "unread")
      context.io.err(
        `warning: /${item.path} of layer ${item.layer + 1} is not read, so packages of ${packageWords[item.ecosystem]} are missing: ${item.why}\n`,
      )
  return { ...named, inventory, from, evidence: await evidence }
}

type Asked = {
  readonly evidence: Promise<Evidence | undefined>
  /** Read the layers, and all of each. */
  readonly whole: boolean
}

async function inventoryFor(
  context: Context,
  { image }: Named,
  { evidence, whole }: Asked,
): Promise<Pick<Inspected, "inventory" | "from">> {
  const { host, signal } = context
  const cache = layerCache(host, "inventories")
  const tables = !whole
  const kept = await keptLayers(image, { cache, tables })
  if (!whole && kept.includes(undefined)) {
    const beside = await (await evidence)?.inventory(image)
    if (beside !== undefined) return { inventory: beside, from: "evidence" }
  }
  using progress = reading(context, image)
  await using pool = factsPool(Math.min(4, host.machine.cores))
  const options = { cache, signal, pool, onLayer: progress.onLayer, tables, kept }
  return { inventory: await inventoryOf(image, options), from: "layers" }
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
