import { join, resolve } from "node:path"

/**
 * The folder of the local store: `NBSTACKS_STORE`, else `nbstacks/store` in the user's data folder (XDG Base
 * Directory Specification, which says that a relative `XDG_DATA_HOME` is to be ignored).
 */
export function defaultStoreFolder(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const chosen = env["NBSTACKS_STORE"]
  if (chosen !== undefined && chosen !== "") return resolve(chosen)
  const data = env["XDG_DATA_HOME"]
  const base = data?.startsWith("/") === true ? data : join(home, ".local", "share")
  return join(base, "nbstacks", "store")
}
