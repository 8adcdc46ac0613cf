import { problemFailure } from "../config/print.ts"
import { readConfig } from "../config/read.ts"
import type { Config } from "../config/row.ts"
import { dockerfileDoor } from "../dockerfile/door.ts"
import { viewFolder, type FolderView } from "../files/folder-view.ts"
import { openHashCache, type HashCache } from "../files/hash-cache.ts"
import type { Context } from "./context.ts"

export type LoadedConfig = {
  readonly config: Config
  /** The tree's folder as it is during this run; what was looked at for the configuration is not looked at again. */
  readonly view: FolderView
  readonly cache: HashCache
}

export type LoadOptions = {
  /** Instead of what the file says. */
  readonly registry?: string | undefined
}

/** Reads and judges `nbstacks.yaml` of the context's folder. Fails with all its problems at once. */
export async function loadConfig({ host, folder }: Context, { registry }: LoadOptions = {}): Promise<LoadedConfig> {
  const cache = await openHashCache(folder, host)
  const view = viewFolder(folder, host, cache)
  const reading = await readConfig(folder, host, dockerfileDoor(view))
  if ("problems" in reading) throw await problemFailure(reading.problems, { folder, files: host.files })
  const { config } = reading
  return {
    config: registry === undefined ? config : { ...config, registry: registry === "" ? undefined : registry },
    view,
    cache,
  }
}
