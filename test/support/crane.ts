import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"

const version = "v0.20.6"

/** go-containerregistry's `crane`, built once and kept in the user's cache; undefined where Go is missing. */
export async function findCrane(host: Host): Promise<string | undefined> {
  const go = await host.run({ argv: ["go", "version"], timeout: 30_000 }).catch(() => undefined)
  if (go?.code !== 0) return undefined
  const folder = join(host.machine.home, ".cache", "nbstacks-tests", `crane-${version}`)
  const program = join(folder, "crane")
  await host.files.makeDirectory(folder)
  await using _alone = await host.files.lock(`${folder}.lock`, { timeout: 600_000 })
  if ((await host.files.stat(program)) !== undefined) return program
  const { code, stderr } = await host.run({
    argv: ["go", "install", `github.com/google/go-containerregistry/cmd/crane@${version}`],
    env: { ...host.env, GOBIN: join(folder, "bin") },
    timeout: 600_000,
  })
  if (code !== 0) throw new Error(`go install: ${stderr}`)
  await host.files.rename(join(folder, "bin", "crane"), program)
  return program
}
