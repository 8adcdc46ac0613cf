import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import { openLayout } from "./layout/layout.ts"
import { openRegistry, type RegistryOptions } from "./registry/registry.ts"
import type { Store } from "./store.ts"

/**
 * The folder of an OCI layout that a reference names, or `undefined` if it names a registry: it begins with `/`, `./`,
 * `../` or `oci:`. Relative folders are relative to the working directory.
 */
function layoutFolder(reference: string): string | undefined {
  if (reference.startsWith("oci:")) return reference.slice("oci:".length)
  return /^(?:\/|\.\.?(?:\/|$))/.test(reference) ? reference : undefined
}

/** The store that a reference such as `registry:` in `nbstacks.yaml` names: an OCI layout by its path, else a registry. */
export function openStore(reference: string, host: Host, options: RegistryOptions = {}): Store {
  const folder = layoutFolder(reference)
  if (folder === undefined) return openRegistry(reference, host, options)
  if (folder === "") throw new Failure("cannot", `\`${reference}\` names no folder`, { hint: "Write `oci:FOLDER`" })
  return openLayout(folder, host)
}
