import { join } from "node:path"
import { cacheFolder } from "../src/files/cache-folder.ts"
import type { Host } from "../src/host/host.ts"

/** The path of chartpress, installed from PyPI into the bench's own folder of the cache. */
export async function chartpressIn(host: Host): Promise<string> {
  const folder = await venvWith(host, ["chartpress"])
  return join(folder, "bin/chartpress")
}

/** A virtual environment with some packages of PyPI, kept for the next run. */
export async function venvWith(host: Host, packages: readonly string[]): Promise<string> {
  const folder = join(cacheFolder(host), "bench", packages.join("+"))
  if ((await host.files.stat(join(folder, "ready"))) !== undefined) return folder
  await host.files.remove(folder)
  for (const argv of [
    ["python3", "-m", "venv", folder],
    [join(folder, "bin/pip"), "install", "--quiet", ...packages],
  ] as const) {
    const { code, stderr } = await host.run({ argv, timeout: 600_000 })
    if (code !== 0) throw new Error(stderr)
  }
  await host.files.write(join(folder, "ready"), "")
  return folder
}
