import { isAbsolute, join } from "node:path"
import type { Host } from "../../host/host.ts"

/** All programs of a name on `PATH`, first found first, each file once however it is linked. Looks also where administrators' programs are. */
export async function findPrograms(host: Pick<Host, "files" | "env">, name: string): Promise<readonly string[]> {
  const folders = [...(host.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin", "/usr/bin", "/bin"]
  const found = new Map<string, string>()
  for (const folder of folders.filter(isAbsolute)) {
    const path = join(folder, name)
    const real = await host.files.realPath(path).catch(() => undefined)
    const stat = real === undefined ? undefined : await host.files.stat(real).catch(() => undefined)
    if (real === undefined || stat?.kind !== "file" || (stat.mode & 0o111) === 0) continue
    if (!found.has(real)) found.set(real, path)
  }
  return [...found.values()]
}
