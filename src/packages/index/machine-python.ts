import { dirname, isAbsolute, join } from "node:path"
import type { Host } from "../../host/host.ts"

/** The `python3` that is first on PATH, as a program of its own. */
export type MachinePython = {
  /** Links resolved. */
  readonly program: string
  /** Where pip looks for a configuration of its own: what Python calls `sys.prefix`. */
  readonly prefix: string
}

/**
 * Finds it without starting it. Undefined where there is none, or where `python3` is a script that chooses one: then
 * only running it tells.
 */
export async function machinePython({ env, files }: Pick<Host, "env" | "files">): Promise<MachinePython | undefined> {
  for (const folder of (env["PATH"] ?? "").split(":").filter(isAbsolute)) {
    const path = join(folder, "python3")
    const program = await files.realPath(path).catch(() => undefined)
    if (program === undefined) continue
    const [first] = await Array.fromAsync(files.stream(program, [0, 3])).catch(() => [])
    if (first === undefined || Buffer.from(first).toString("latin1") !== "\u007fELF") return undefined
    const isVenv = (await files.stat(join(folder, "..", "pyvenv.cfg"))) !== undefined
    return { program, prefix: dirname(isVenv ? folder : dirname(program)) }
  }
  return undefined
}
