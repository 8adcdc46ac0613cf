import { isAbsolute, join } from "node:path"
import type { Host } from "../host/host.ts"

/**
 * The user's cache folder: `NBSTACKS_CACHE`, else `XDG_CACHE_HOME/nbstacks`, else `~/.cache/nbstacks`. A relative
 * `XDG_CACHE_HOME` is ignored, as https://specifications.freedesktop.org/basedir-spec says.
 */
export function cacheFolder(host: Pick<Host, "env" | "machine">): string {
  const own = host.env["NBSTACKS_CACHE"]
  if (own !== undefined && own !== "") return own
  const shared = host.env["XDG_CACHE_HOME"]
  if (shared !== undefined && isAbsolute(shared)) return join(shared, "nbstacks")
  return join(host.machine.home, ".cache", "nbstacks")
}

/** Where the user's cache keeps one kind of what was read of layers. */
export function layerCache(
  host: Pick<Host, "env" | "machine" | "files">,
  kind: "headers" | "inventories",
): { readonly files: Host["files"]; readonly folder: string } {
  return { files: host.files, folder: join(cacheFolder(host), kind) }
}
