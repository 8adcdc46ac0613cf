import { join } from "node:path"
import type { Host } from "../host/host.ts"

type FolderHost = Pick<Host, "files" | "machine">

/**
 * A new folder for one build, below the machine's temporary folder unless another is given; its name says whose it is. What processes left that
 * are gone, such as after kill -9, is taken away first, as far as this user may.
 *
 * @param kind a word for the name, such as `docker`
 */
export async function makeWorkFolder(
  kind: string,
  { files, machine }: FolderHost,
  parent: string = machine.temporary,
): Promise<string> {
  const name = new RegExp(`^nbstacks-${kind}-(\\d+)-`)
  for (const entry of (await files.list(parent)) ?? []) {
    const pid = name.exec(entry.name)?.[1]
    if (pid === undefined || entry.kind !== "directory" || (await files.stat(`/proc/${pid}`)) !== undefined) continue
    // Somebody else's, or one whose files belong to other users.
    await files.remove(join(parent, entry.name)).catch(() => undefined)
  }
  return await files.makeTemporary(`nbstacks-${kind}-${machine.pid}-`, parent)
}
