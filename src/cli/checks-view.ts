import type { CheckReport } from "../checks/report.ts"
import { table } from "../checks/table.ts"
import type { Slot } from "../plan/key.ts"
import { columns } from "./columns.ts"
import type { Colors } from "./io.ts"
import { byRow } from "./junit.ts"

export type ChecksView = {
  readonly reports: ReadonlyMap<Slot, CheckReport>
  readonly colors: Colors
  readonly severalPlatforms: boolean
}

/** A table of checks for each row that was checked. */
export function checksText({ reports, colors, severalPlatforms }: ChecksView): string {
  const marks = { passed: colors.green("✓"), failed: colors.red("✗"), "not-run": colors.dim("–") }
  return byRow(reports)
    .map(([slot, report]) => {
      const [image = "", platform = ""] = slot.split("@")
      const rows = table(report).map(({ status, name, time, message }) => [marks[status], name, time, message])
      const later = report.results.filter(({ status }) => status === "not-run").length
      const counts = [
        `${report.passed} passed`,
        `${report.failed} failed`,
        ...(later > 0 ? [`${later} later`] : []),
      ].join(", ")
      const head = `${colors.bold(severalPlatforms ? `${image} ${platform}` : image)}  ${counts}`
      return `${[head, ...columns(rows, "  ")].join("\n")}\n`
    })
    .join("\n")
}
