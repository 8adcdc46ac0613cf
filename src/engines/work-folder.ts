import { join } from "node:path"
import { abandonedIn } from "../files/abandoned.ts"
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
  for (const name of await abandonedIn(parent, new RegExp(`^nbstacks-${kind}-(\\d+)-`), files))
    // It may be somebody else's, or hold files that belong to other users.
    await files.remove(join(parent, name)).catch(() => undefined)
  return await files.makeTemporary(`nbstacks-${kind}-${machine.pid}-`, parent)
}
