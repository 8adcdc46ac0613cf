import type { Files } from "../host/files.ts"
import type { Clock } from "../host/clock.ts"
import type { Reporter } from "./reporter.ts"

/** Every event as a line of JSON with its time, appended to a file. */
export function ndjsonReporter(
  path: string,
  host: { readonly files: Pick<Files, "append"> } & Pick<Clock, "now">,
): Reporter {
  let last: Promise<void> = Promise.resolve()
  return {
    report: (event) => {
      const line = `${JSON.stringify({ version: 1, at: host.now().toISOString(), ...event })}\n`
      last = last.then(() => host.files.append(path, line))
      // Told when the reporter is disposed.
      last.catch(() => undefined)
    },
    async [Symbol.asyncDispose]() {
      await last
    },
  }
}
