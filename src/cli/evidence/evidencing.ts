import { factsPool } from "../../evidence/inventory/facts-pool.ts"
import { factsOfLayers } from "../../evidence/inventory/inventory.ts"
import { believedBy } from "../../evidence/record/bundles.ts"
import { layerCache } from "../../files/cache-folder.ts"
import type { Evidencing } from "../../release/establish.ts"
import type { Tree } from "../../tree/tree.ts"
import { version } from "../cli.ts"
import type { Context } from "../context.ts"
import type { Signed } from "./signer.ts"

/** Threads that read layers while others are sent. */
const mostThreads = 2

/** What describes the images of a tree when they are published. Disposing ends its threads. */
export function openEvidencing(
  { host, signal }: Context,
  { sboms }: Pick<Tree, "sboms">,
  { signer, trusted, renew }: Signed & { readonly renew: boolean },
): Evidencing & AsyncDisposable {
  const pool = factsPool(Math.min(mostThreads, host.machine.cores))
  const cache = layerCache(host, "inventories")
  return {
    sboms,
    version,
    signer,
    believed: believedBy(trusted, signer),
    renew,
    facts: async (image, known) => await factsOfLayers(image, { cache, known, pool, signal }),
    [Symbol.asyncDispose]: async () => await pool[Symbol.asyncDispose](),
  }
}
