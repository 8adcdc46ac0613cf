import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"
import { findGo } from "./go.ts"

/** A program of a Go module at a version. */
export type GoTool = { readonly name: string; readonly path: string; readonly version: string }

/** The program, built once and kept in the user's cache. Needs no Go of the machine. */
export async function installGo(host: Host, { name, path, version }: GoTool): Promise<string> {
  const folder = join(host.machine.home, ".cache", "nbstacks-tests", `${name}-${version}`)
  const program = join(folder, name)
  await host.files.makeDirectory(folder)
  await using _alone = await host.files.lock(join(folder, "lock"), { timeout: 1_800_000 })
  if ((await host.files.stat(program)) !== undefined) return program
  const { code, stderr } = await host.run({
    argv: [await findGo(host), "install", `${path}@${version}`],
    env: { ...host.env, GOBIN: join(folder, "bin"), GOTOOLCHAIN: "auto" },
    timeout: 1_500_000,
  })
  if (code !== 0) throw new Error(`go install ${path}@${version}: ${stderr.slice(-2000)}`)
  await host.files.rename(join(folder, "bin", name), program)
  return program
}
