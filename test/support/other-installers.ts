import { join } from "node:path"
import { uvProgram, type NativeBench } from "./native.ts"
import type { InstallerName } from "./installer-rules.ts"

/** Runs a program in the bench's folder. */
async function run({ host, folder }: NativeBench, argv: readonly string[]): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await host.run({ argv: argv as [string, ...string[]], cwd: folder, timeout: 540_000 })
  return { code, stderr }
}

/** Makes a venv without pip in the bench's folder. Gives its folder. */
export async function makeVenv(bench: NativeBench, name: string): Promise<string> {
  const environment = join(bench.folder, name)
  const { code, stderr } = await run(bench, ["python3", "-m", "venv", "--without-pip", environment])
  if (code !== 0) throw new Error(stderr)
  return environment
}

/** Installs what a lock of the bench's folder says into a venv, without dependencies, and compiles nothing. `options` say from where. */
export async function installWith(
  bench: NativeBench,
  name: InstallerName,
  {
    environment,
    lock,
    options,
  }: { readonly environment: string; readonly lock: string; readonly options: readonly string[] },
): Promise<{ readonly code: number; readonly stderr: string }> {
  const python = join(environment, "bin", "python")
  const common = ["--quiet", "--no-deps", "-r", lock, ...options]
  if (name === "pip")
    return await run(bench, ["python3", "-m", "pip", "--python", python, "install", "--no-compile", ...common])
  // Links to uv's own cache in this folder, since copies only take time.
  const cache = ["--cache-dir", join(bench.folder, "uv-cache"), "--link-mode", "hardlink"]
  return await run(bench, [await uvProgram(bench.host), "pip", "install", "--python", python, ...cache, ...common])
}
