import { programsIn } from "../../files/programs.ts"
import type { Host } from "../../host/host.ts"

/** All programs of a name on `PATH`, first found first, each file once however it is linked. Looks also where administrators' programs are. */
export async function findPrograms(host: Pick<Host, "files" | "env">, name: string): Promise<readonly string[]> {
  const folders = [...(host.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin", "/usr/bin", "/bin"]
  return await programsIn(host, folders, [name])
}
