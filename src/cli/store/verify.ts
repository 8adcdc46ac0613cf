import { defaultStoreFolder } from "../../oci/store/layout/folder.ts"
import { openLayout } from "../../oci/store/layout/layout.ts"
import { bytes, count } from "../../report/format.ts"
import type { Context } from "../context.ts"

/** Reads everything in the local store and compares it with its digest. Broken blobs are moved aside. */
export async function verify({ host, io, signal }: Context): Promise<number> {
  const layout = openLayout(defaultStoreFolder(host.env, host.machine.home), host)
  const { blobs, manifests, bytes: read, problems } = await layout.verify({ signal })
  for (const { message } of problems) io.out(`${message}\n`)
  io.err(
    `Read ${count(manifests, "manifest")} and ${count(blobs, "blob")}, ${bytes(read)}: ${problems.length === 0 ? "all is well" : count(problems.length, "problem")}.\n`,
  )
  if (problems.length > 0)
    io.err("\nhint: Broken blobs were moved aside. `nbstacks build` makes or fetches them again\n")
  return problems.length === 0 ? 0 : 1
}
