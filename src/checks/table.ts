import type { CheckReport, CheckResult } from "./report.ts"

/** A row of the table that people see; all texts are one line, without colours. */
export type CheckRow = {
  readonly status: CheckResult["status"]
  readonly name: string
  /** Such as `1.2 s`; empty for what was not run. */
  readonly time: string
  /** Empty when there is nothing to say. */
  readonly message: string
}

/** A report as rows for a terminal, in the order in which the checks ran. */
export function table(report: CheckReport): readonly CheckRow[] {
  return report.results.map(({ status, name, milliseconds, message }) => ({
    status,
    name: oneLine(name),
    time: status === "not-run" ? "" : `${(milliseconds / 1000).toFixed(1)} s`,
    message: oneLine(message ?? ""),
  }))
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim()
}
