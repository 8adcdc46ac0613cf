import { dirname } from "node:path"
import { getCompileCacheDir } from "node:module"

/**
 * The environment of a worker thread: nothing of the user's, and the cache of compiled code that the main thread has,
 * without which a thread takes three times as long to start.
 */
export function threadEnvironment(): Readonly<Record<string, string>> {
  const folder = getCompileCacheDir()
  // The folder of this version of Node is below the one that was asked for.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) }
}
