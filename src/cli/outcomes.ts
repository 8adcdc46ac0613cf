import type { Outcome } from "../build/outcome.ts"
import type { CheckReport } from "../checks/report.ts"
import type { Slot } from "../plan/key.ts"
import { slotOf } from "../plan/key.ts"
import { count } from "../report/format.ts"
import { rowLog } from "../report/row-logs.ts"
import { Failure, isFailure } from "../failure.ts"
import { exitCodeOf, failureJson, hintOf, renderFailure } from "./failure.ts"
import type { Colors } from "./io.ts"

export type OutcomeView = {
  readonly outcomes: ReadonlyMap<Slot, Outcome>
  readonly reports: ReadonlyMap<Slot, CheckReport>
  readonly logs: string
  readonly severalPlatforms: boolean
  readonly colors: Colors
  /** What users get now: stands before the hint. */
  readonly ending: string
}

/** What failed, row by row, what was not tried because of it, what users get now, and a hint. Empty when nothing failed. */
export function failuresText(view: OutcomeView): string {
  const all = [...view.outcomes.values()]
  const failed = all.filter((outcome) => outcome.kind === "failed")
  if (failed.length === 0) return ""
  const stopped = all.filter((outcome) => outcome.kind === "stopped")
  const parts = failed.map((outcome) => failureText(outcome, view))
  if (stopped.length > 0)
    parts.push(
      `Not tried: ${stopped.map((outcome) => `${label(outcome, view)} (built on ${outcome.by})`).join(", ")}.\n`,
    )
  if (view.ending !== "") parts.push(`${view.ending}\n`)
  parts.push(`${view.colors.cyan("hint")}: ${hintFor(failed)}\n`)
  return parts.join("\n")
}

type Failed = Extract<Outcome, { kind: "failed" }>

/** The hint of the first failure that has one; for checks, how to look at them. */
function hintFor(failed: readonly Failed[]): string {
  const own = failed
    .map(({ error }) => (isFailure(error) ? hintOf(error) : undefined))
    .find((hint) => hint !== undefined)
  const [first] = failed
  const verb = first?.stage === "check" ? "check" : "build"
  return own ?? `Mend it, then run \`nbstacks ${verb} ${first?.image ?? ""}\``
}

function label(row: { readonly image: string; readonly platform: string }, { severalPlatforms }: OutcomeView): string {
  return severalPlatforms ? `${row.image} ${row.platform}` : row.image
}

function failureText(outcome: Failed, view: OutcomeView): string {
  const { colors } = view
  const name = label(outcome, view)
  const verb = outcome.stage === "build" ? "build" : "check"
  const mark = colors.red(colors.bold("error"))
  const { error } = outcome
  // A judgement says all itself: nothing went wrong on the way to it.
  if (isFailure(error) && error.code === "no" && outcome.stage === "check")
    return renderFailure(withoutHint(error), colors)
  if (error !== undefined) {
    // Its hint stands once, at the end of all.
    const body = renderFailure(withoutHint(error), colors).replace(/^[^\n]*?error[^:\n]*: /, "  caused by: ")
    const log = outcome.stage === "build" ? `  its whole output: ${rowLog(view.logs, outcome)}\n` : ""
    return `${mark}: Cannot ${verb} \`${name}\`\n${body}${log}`
  }
  const report = view.reports.get(slotOf(outcome.image, outcome.platform))
  const lines = (report?.results ?? [])
    .filter(({ status }) => status === "failed")
    .flatMap(({ name: check, message, detail }) => [
      `  ${colors.red("✗")} ${check}${message === undefined ? "" : `: ${message}`}`,
      ...(detail === undefined || detail.trim() === ""
        ? []
        : detail
            .trimEnd()
            .split("\n")
            .map((line) => `      ${line}`)),
    ])
  return `${[`${mark}: ${count(report?.failed ?? 0, "check")} of \`${name}\` failed`, ...lines].join("\n")}\n`
}

function withoutHint(error: unknown): unknown {
  if (!isFailure(error)) return error
  const { detail, cause } = error
  return new Failure(error.code, error.message, {
    ...(detail === undefined ? {} : { detail }),
    ...(cause === undefined ? {} : { cause: withoutHint(cause) }),
  })
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
export function failuresJson(
  outcomes: ReadonlyMap<Slot, Outcome>,
  reports: ReadonlyMap<Slot, CheckReport>,
): readonly object[] {
  return [...outcomes.values()].flatMap((outcome): readonly object[] => {
    if (outcome.kind === "done") return []
    const { image, platform } = outcome
    if (outcome.kind === "stopped") return [{ image, platform, stage: "stopped", by: outcome.by }]
    if (outcome.error !== undefined) return [{ image, platform, stage: outcome.stage, ...failureJson(outcome.error) }]
    const { passed = 0, failed = 0, results = [] } = reports.get(slotOf(image, platform)) ?? {}
    const names = results.filter(({ status }) => status === "failed").map(({ name }) => name)
    return [
      { image, platform, stage: outcome.stage, message: `failed: ${names.join(", ")}`, checks: { passed, failed } },
    ]
  })
}
