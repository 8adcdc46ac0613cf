import { defaultStoreFolder } from "../../oci/store/layout/folder.ts"
import { openLayout } from "../../oci/store/layout/layout.ts"
import { bytes, count } from "../../report/format.ts"
import { dropOldKeys } from "../../state/old-keys.ts"
import type { Context } from "../context.ts"

const hour = 3_600_000
const day = 24 * hour

/** Removes from the local store what nothing refers to, and records of builds that are older than `--older-than` days. */
export async function gc(
  { host, io, signal }: Context,
  { olderThan }: { readonly olderThan: number },
): Promise<number> {
  const layout = openLayout(defaultStoreFolder(host.env, host.machine.home), host)
  const before = host.now().getTime() - olderThan * day
  const dropped = await dropOldKeys(layout, { before, signal })
  const { blobs, manifests, bytes: freed } = await layout.gc({ grace: hour, signal })
  io.err(
    `Removed ${count(dropped, "old build record")}, ${count(manifests, "manifest")} and ${count(blobs, "blob")}: ${bytes(freed)} freed in ${layout.folder}.\n`,
  )
  io.err("Kept: every release and tag, the last build of each row, and what was used within the hour.\n")
  return 0
}
