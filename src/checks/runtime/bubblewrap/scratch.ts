import { join } from "node:path"
import { abandonedIn } from "../../../files/abandoned.ts"
import type { RuntimeHost } from "../runtime.ts"
import { plainEnvironment } from "./scripts.ts"

/** Removes a folder in which a container wrote: also folders that their owner may not read. */
export async function removeTree(host: Pick<RuntimeHost, "files" | "run" | "machine">, path: string): Promise<void> {
  if (host.machine.uid !== 0) {
    await host.run({ argv: ["chmod", "-R", "u+rwX", path], env: plainEnvironment, timeout: 600_000 })
  }
  await host.files.remove(path)
}

/** A folder for one container, below `base`; disposing removes it. Its name says whose it is. */
export async function makeScratch(
  host: Pick<RuntimeHost, "files" | "run" | "machine" | "random">,
  base: string,
): Promise<AsyncDisposable & { readonly name: string; readonly path: string }> {
  const name = `runs/${host.machine.pid}-${host.random(6)}`
  const path = join(base, name)
  for (const folder of ["rw/upper", "rw/work", "merged", "etc"]) await host.files.makeDirectory(join(path, folder))
  await host.files.setMode(join(path, "rw/upper"), 0o755)
  return { name, path, [Symbol.asyncDispose]: () => removeTree(host, path) }
}

/** Takes away what containers of processes left that are gone, such as after kill -9. Their mounts went with them. */
export async function removeAbandoned(
  host: Pick<RuntimeHost, "files" | "run" | "machine">,
  base: string,
): Promise<void> {
  const runs = join(base, "runs")
  for (const name of await abandonedIn(runs, /^(\d+)-/, host.files)) await removeTree(host, join(runs, name))
}
