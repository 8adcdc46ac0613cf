import type { Outcome } from "../build/outcome.ts"
import type { CheckReport } from "../checks/report.ts"
import type { Slot } from "../plan/key.ts"
import { slotOf } from "../plan/key.ts"
import { count } from "../report/format.ts"
import { rowLog } from "../report/row-logs.ts"
import { renderFailure, exitCodeOf } from "./failure.ts"
import type { Colors } from "./io.ts"

export type OutcomeView = {
  readonly outcomes: ReadonlyMap<Slot, Outcome>
  readonly reports: ReadonlyMap<Slot, CheckReport>
  readonly logs: string
  readonly severalPlatforms: boolean
  readonly colors: Colors
}

/** What failed, row by row, then what was not tried because of it. Empty when nothing did. */
export function failuresText(view: OutcomeView): string {
  const all = [...view.outcomes.values()]
  const failed = all.filter((outcome) => outcome.kind === "failed")
  const stopped = all.filter((outcome) => outcome.kind === "stopped")
  const parts = failed.map((outcome) => failureText(outcome, view))
  if (stopped.length > 0)
    parts.push(
      `Not tried: ${stopped.map((outcome) => `${label(outcome, view)} (built on ${outcome.by})`).join(", ")}.\n`,
    )
  return parts.join("\n")
}

function label(row: { readonly image: string; readonly platform: string }, { severalPlatforms }: OutcomeView): string {
  return severalPlatforms ? `${row.image} ${row.platform}` : row.image
}

function failureText(outcome: Extract<Outcome, { kind: "failed" }>, view: OutcomeView): string {
  const { colors } = view
  const name = label(outcome, view)
  const verb = outcome.stage === "build" ? "build" : "check"
  if (outcome.error !== undefined) {
    const head = `${colors.red(colors.bold("error"))}: Cannot ${verb} \`${name}\`\n`
    const body = renderFailure(outcome.error, colors).replace(/^[^\n]*?error[^:\n]*: /, "  caused by: ")
    const log = outcome.stage === "build" ? `  its whole output: ${rowLog(view.logs, outcome)}\n` : ""
    return `${head}${body}${log}`
  }
  const report = view.reports.get(slotOf(outcome.image, outcome.platform))
  const lines = (report?.results ?? [])
    .filter(({ status }) => status === "failed")
    .flatMap(({ name: check, message, detail }) => [
      `  ${colors.red("✗")} ${check}${message === undefined ? "" : `: ${message}`}`,
      ...(detail === undefined
        ? []
        : detail
            .trimEnd()
            .split("\n")
            .map((line) => `      ${line}`)),
    ])
  const head = `${colors.red(colors.bold("error"))}: ${count(report?.failed ?? 0, "check")} of \`${name}\` failed`
  return `${[head, ...lines].join("\n")}\n`
}

/** The exit code of a run: 0, 1 where a row failed, or the code of a failure that nobody's files are to blame for. */
export function exitOf(outcomes: ReadonlyMap<Slot, Outcome>): number {
  const codes = [...outcomes.values()].flatMap((outcome) =>
    outcome.kind === "failed" ? [outcome.error === undefined ? 1 : exitCodeOf(outcome.error)] : [],
  )
  if (codes.length === 0) return 0
  if (codes.includes(70)) return 70
  // A registry that is down or a missing login says more than that the row has no image.
  return codes.every((code) => code === codes[0]) ? (codes[0] ?? 1) : 1
}

/** Failures for a program. */
export function failuresJson(outcomes: ReadonlyMap<Slot, Outcome>): readonly object[] {
  return [...outcomes.values()].flatMap((outcome): readonly object[] => {
    if (outcome.kind === "done") return []
    const { image, platform } = outcome
    if (outcome.kind === "stopped") return [{ image, platform, stage: "stopped", by: outcome.by }]
    const message = outcome.error instanceof Error ? outcome.error.message : "checks failed"
    return [{ image, platform, stage: outcome.stage, message }]
  })
}
