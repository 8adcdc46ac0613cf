import { isFailure } from "../failure.ts"
import type { RunnableImage } from "./image.ts"
import type { CheckJob } from "./job.ts"
import type { CheckKind, CheckResult } from "./report.ts"
import { bounded, withoutControls } from "./runtime/lines.ts"
import type { Verdict } from "./verdict.ts"

/** Names a check and says what it does, given what it needs. */
export type Check<Context> = {
  readonly name: string
  readonly kind: CheckKind
  readonly run: (context: Context) => Promise<Verdict>
}

export type Recorder = {
  readonly results: readonly CheckResult[]
  /** Runs a check to its verdict; one that throws has failed. Rejects only when it was aborted. */
  record(check: Check<void>): Promise<CheckResult>
}

/** Keeps results in the order of the checks and reports progress. */
export function recorder(image: RunnableImage, job: CheckJob, total: number): Recorder {
  const results: CheckResult[] = []
  const subject = { image: image.name, platform: image.platform, phase: "check" } as const
  return {
    results,
    async record({ name, kind, run }) {
      const start = job.host.elapsed()
      const verdict = await run().catch((error: unknown): Verdict => {
        job.signal.throwIfAborted()
        return verdictOf(error)
      })
      job.signal.throwIfAborted()
      const { passed, message, detail, output } = verdict
      const result: CheckResult = {
        name,
        kind,
        status: passed ? "passed" : "failed",
        milliseconds: Math.round(job.host.elapsed() - start),
        ...(message === undefined ? {} : { message: withoutControls(message).slice(0, 1000) }),
        ...(detail === undefined ? {} : { detail: bounded(detail) }),
        ...(output === undefined ? {} : { output: bounded(output) }),
      }
      results.push(result)
      const said = result.message === undefined ? "" : `: ${result.message}`
      job.report({ kind: "output", ...subject, line: `${result.status === "passed" ? "✓" : "✗"} ${name}${said}` })
      job.report({ kind: "progress", ...subject, done: results.length, total, unit: "items" })
      return result
    },
  }
}

/** What went wrong while checking, as a verdict: a check that cannot run has failed. */
function verdictOf(error: unknown): Verdict {
  const message = error instanceof Error ? error.message : String(error)
  if (!isFailure(error)) return { passed: false, message: `could not be run: ${message}` }
  const detail = [error.detail, error.hint === undefined ? undefined : `hint: ${error.hint}`]
    .filter((part) => part !== undefined && part !== "")
    .join("\n")
  return { passed: false, message, ...(detail === "" ? {} : { detail }) }
}
