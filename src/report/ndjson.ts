import type { Files } from "../host/files.ts"
import type { Clock } from "../host/clock.ts"
import type { Reporter } from "./reporter.ts"

/**
 * Every event as a line of JSON with its time, appended to a file. A file that cannot be written to stops no work: `warn`
 * is told once, and nothing more is written.
 */
export function ndjsonReporter(
  path: string,
  host: { readonly files: Pick<Files, "append"> } & Pick<Clock, "now">,
  warn: (sentence: string) => void,
): Reporter {
  let broken = false
  let last: Promise<void> = Promise.resolve()
  return {
    report: (event) => {
      const line = `${JSON.stringify({ version: 1, at: host.now().toISOString(), ...event })}\n`
      last = last.then(async () => {
        if (broken) return
        try {
          await host.files.append(path, line)
        } catch (error) {
          broken = true
          warn(`Cannot write events to ${path}: ${error instanceof Error ? error.message : String(error)}`)
        }
      })
    },
    async [Symbol.asyncDispose]() {
      await last
    },
  }
}
