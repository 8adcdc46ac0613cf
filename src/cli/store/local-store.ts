import { join } from "node:path"
import { Failure } from "../../failure.ts"
import { defaultStoreFolder } from "../../oci/store/layout/folder.ts"
import { openLayout, type Layout } from "../../oci/store/layout/layout.ts"
import type { Context } from "../context.ts"

/**
 * The local store, for its upkeep: a folder that is a layout, or empty, or not there yet. Fails with `cannot` for
 * anything else, before a byte is written into what may be somebody's home.
 */
export async function openLocalStore({ host }: Pick<Context, "host">): Promise<Layout> {
  const folder = defaultStoreFolder(host.env, host.machine.home)
  const hint = "Name another with NBSTACKS_STORE; unset it for the default"
  const found = await host.files.stat(await host.files.realPath(folder).catch(() => folder))
  if (found !== undefined && found.kind !== "directory")
    throw new Failure("cannot", `${folder} is no folder, so it is no store`, { hint })
  const names = (await host.files.list(folder)) ?? []
  if (names.length > 0 && (await host.files.stat(join(folder, "oci-layout"))) === undefined)
    throw new Failure("cannot", `${folder} is no store: it has files, but no \`oci-layout\``, { hint })
  return openLayout(folder, host)
}
