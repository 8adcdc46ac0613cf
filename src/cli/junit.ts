import { junit } from "../checks/junit.ts"
import type { CheckReport } from "../checks/report.ts"
import type { Slot } from "../plan/key.ts"

/** Reports in an order that does not depend on which row was checked first. */
export function byRow(reports: ReadonlyMap<Slot, CheckReport>): readonly (readonly [Slot, CheckReport])[] {
  return [...reports].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** The reports of several rows as one JUnit document: a test suite a row. */
export function junitOfAll(reports: ReadonlyMap<Slot, CheckReport>): string {
  const suites = byRow(reports).map(([slot, report]) => junit(report, slot.replace(/@.*/, "")))
  // Each report is a document of its own; its suites are what stands between its outer tags.
  const inner = suites.map((text) => /<testsuites[^>]*>([\s\S]*)<\/testsuites>/.exec(text)?.[1] ?? "")
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="nbstacks">${inner.join("")}</testsuites>\n`
}
