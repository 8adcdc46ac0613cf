import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"
import { findGo } from "./go.ts"

const version = "v0.20.6"

/** go-containerregistry's `crane`, built once and kept in the user's cache. Needs no Go of the machine. */
export async function findCrane(host: Host): Promise<string> {
  const kept = join(host.machine.home, ".cache", "nbstacks-tests")
  const folder = join(kept, `crane-${version}`)
  const program = join(folder, "crane")
  await host.files.makeDirectory(folder)
  await using _alone = await host.files.lock(`${folder}.lock`, { timeout: 900_000 })
  if ((await host.files.stat(program)) !== undefined) return program
  const { code, stderr } = await host.run({
    argv: [await findGo(host), "install", `github.com/google/go-containerregistry/cmd/crane@${version}`],
    env: { ...host.env, GOBIN: join(folder, "bin"), GOTOOLCHAIN: "local" },
    timeout: 600_000,
  })
  if (code !== 0) throw new Error(`go install: ${stderr}`)
  await host.files.rename(join(folder, "bin", "crane"), program)
  return program
}
