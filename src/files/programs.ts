import { isAbsolute, join } from "node:path"
import type { Host } from "../host/host.ts"

/** Programs of some names in some folders, by name and then by folder, each file once however it is linked. */
export async function programsIn(
  { files }: Pick<Host, "files">,
  folders: readonly string[],
  names: readonly string[],
): Promise<readonly string[]> {
  const found = new Map<string, string>()
  for (const name of names)
    for (const folder of folders.filter(isAbsolute)) {
      const path = join(folder, name)
      const real = await files.realPath(path).catch(() => undefined)
      const stat = real === undefined ? undefined : await files.stat(real).catch(() => undefined)
      if (real === undefined || stat?.kind !== "file" || (stat.mode & 0o111) === 0) continue
      if (!found.has(real)) found.set(real, path)
    }
  return [...found.values()]
}
