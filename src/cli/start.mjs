/**
 * Where the program begins: plain JavaScript, so that nothing has to be compiled before the cache of compiled code is
 * there. The cache is the user's own, since its code is run: the default is a folder that all users share.
 */
import { readFileSync, statSync } from "node:fs"
import { enableCompileCache } from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"

const { NBSTACKS_CACHE: chosen, XDG_CACHE_HOME: caches } = process.env
const folder = chosen || join(caches?.startsWith("/") ? caches : join(homedir(), ".cache"), "nbstacks")
enableCompileCache(join(folder, "code"))

/** Whether `dist` was made from the source as it is now; see scripts/chunks.ts. */
function upToDate(root) {
  try {
    const made = JSON.parse(readFileSync(join(root, "dist/sources.json"), "utf8"))
    return made.every(([path, size, time]) => {
      const found = statSync(join(root, path))
      return found.size === size && found.mtimeMs === time
    })
  } catch {
    return false
  }
}

/** The source is stripped of its types by WebAssembly; see vitest.config.ts for what is wrong with that in threads. */
function runSource() {
  setFlagsFromString("--wasm-wrapper-tiering-budget=1000000000")
  return "./main.ts"
}

await import(upToDate(join(import.meta.dirname, "../..")) ? "../../dist/main.js" : runSource())
