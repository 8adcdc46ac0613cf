import { getCompileCacheDir } from "node:module"
import { dirname } from "node:path"
import { Worker } from "node:worker_threads"
import { threadFile } from "../program.ts"

/** How much memory a thread may have for JavaScript, in MiB: for what is new, and for what stays. */
export type ThreadMemory = { readonly young: number; readonly old: number }

/**
 * Starts a worker thread.
 *
 * @param path Of its first file, as `threadFile` takes it.
 * @param name What tools show of it.
 */
export function startThread(path: string, name: string, { young, old }: ThreadMemory): Worker {
  return new Worker(threadFile(path), {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: threadEnvironment(),
    name,
    resourceLimits: { maxYoungGenerationSizeMb: young, maxOldGenerationSizeMb: old },
  })
}

/** True for how a thread ended that took more memory than it may have. */
export function ranOutOfMemory(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === "ERR_WORKER_OUT_OF_MEMORY"
}

/**
 * The environment of a worker thread: nothing of the user's, and the cache of compiled code that the main thread has,
 * without which a thread takes three times as long to start.
 */
function threadEnvironment(): Readonly<Record<string, string>> {
  const folder = getCompileCacheDir()
  // The folder of this version of Node is below the one that was asked for.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) }
}
