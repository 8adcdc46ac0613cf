import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"
import { findGo } from "./go.ts"

/** A program of one file, and the module that it needs. */
export type GoProgram = {
  readonly name: string
  readonly module: string
  readonly version: string
  readonly main: string
}

/** The program, built once for each version of its module and kept in the user's cache. */
export async function buildGo(host: Host, { name, module, version, main }: GoProgram): Promise<string> {
  const cache = host.env["XDG_CACHE_HOME"] || join(host.machine.home, ".cache")
  const folder = join(cache, "nbstacks-test", `${name}-${version}`)
  const program = join(folder, name)
  await using _lock = await host.files.lock(`${folder}.lock`, { timeout: 300_000 })
  if ((await host.files.stat(program)) !== undefined) return program
  await host.files.write(join(folder, "main.go"), main)
  await host.files.remove(join(folder, "go.mod"))
  const go = await findGo(host)
  for (const argv of [
    [go, "mod", "init", name],
    [go, "get", `${module}@${version}`],
    [go, "build", "-o", `${program}.new`, "."],
  ] as const) {
    const made = await host.run({ argv: [...argv], cwd: folder, timeout: 300_000 })
    if (made.code !== 0) throw new Error(`${argv.join(" ")}: ${made.stderr}`)
  }
  await host.files.rename(`${program}.new`, program)
  return program
}
