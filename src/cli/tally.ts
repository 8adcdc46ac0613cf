import type { Reporter } from "../report/reporter.ts"

/** Counts the bytes that were sent to the registry. */
export function tallyReporter(): { readonly reporter: Reporter; readonly sent: () => number } {
  let sent = 0
  return {
    reporter: {
      report: (event) => {
        if (event.kind === "finished" && event.phase === "push") sent += event.bytes ?? 0
      },
      async [Symbol.asyncDispose]() {
        // Nothing is held.
      },
    },
    sent: () => sent,
  }
}
