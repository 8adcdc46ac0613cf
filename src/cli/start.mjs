/**
 * Where the program begins: plain JavaScript, so that nothing has to be compiled before the cache of compiled code is
 * there. The cache is the user's own, since its code is run: the default is a folder that all users share.
 */
import { enableCompileCache } from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"

const { NBSTACKS_CACHE: chosen, XDG_CACHE_HOME: caches } = process.env
const folder = chosen || join(caches?.startsWith("/") ? caches : join(homedir(), ".cache"), "nbstacks")
enableCompileCache(join(folder, "code"))
await import("./main.ts")
