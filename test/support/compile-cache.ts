import { enableCompileCache } from "node:module"
import { join } from "node:path"

// As the program itself has it: the types of a thread's files are stripped once and not for each thread.
enableCompileCache(join(import.meta.dirname, "../../.cache/code"))
