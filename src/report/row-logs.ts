import { join } from "node:path"
import type { Files } from "../host/files.ts"
import type { Reporter } from "./reporter.ts"

/** The file in which a row's output is kept: `:` and `/` are `_` in it. */
export function rowLog(folder: string, row: { readonly image: string; readonly platform: string }): string {
  return join(folder, `${row.image}_${row.platform}`.replaceAll(/[:/]/g, "_") + ".log")
}

/** Keeps the output of engines and checks, a file a row; a new build of a row starts its file anew. */
export function rowLogs(folder: string, files: Pick<Files, "append" | "write">): Reporter {
  const writing = new Map<string, Promise<void>>()
  const queue = (path: string, work: () => Promise<void>): void => {
    const next = (writing.get(path) ?? Promise.resolve()).then(work)
    next.catch(() => undefined)
    writing.set(path, next)
  }
  return {
    report: (event) => {
      if (event.kind === "started" && event.phase === "build") {
        const path = rowLog(folder, event)
        queue(path, () => files.write(path, ""))
      }
      if (event.kind !== "output") return
      const path = rowLog(folder, event)
      queue(path, () => files.append(path, `${event.line}\n`))
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(writing.values())
    },
  }
}
