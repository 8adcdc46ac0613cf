import { bytes, count } from "../../report/format.ts"
import { columns } from "../columns.ts"
import type { Colors } from "../io.ts"
import type { Finding } from "./run.ts"

export type DoctorView = {
  readonly about: {
    readonly platform: string
    readonly user: number
    readonly cores: number
    readonly memory: number
    readonly store: string
  }
  readonly findings: readonly Finding[]
  readonly colors: Colors
}

/** What works here, what does not and why, and which command helps. */
export function doctorText({ about, findings, colors }: DoctorView): string {
  const who = about.user === 0 ? "root" : `user ${about.user}`
  const lines = [
    `This machine: ${about.platform}, ${count(about.cores, "core")}, ${bytes(about.memory)} of memory, ${who}`,
    `Local store:  ${about.store}`,
    "",
  ]
  const mark = ({ works, needed }: Finding): string =>
    works ? colors.green("✓") : needed ? colors.red("✗") : colors.dim("–")
  for (const finding of findings) {
    lines.push(...columns([[mark(finding), finding.name.padEnd(10), finding.what.padEnd(20), oneLine(finding.detail)]]))
    if (!finding.works && finding.hint !== undefined) lines.push(`    ${colors.cyan("hint")}: ${finding.hint}`)
  }
  return `${lines.join("\n")}\n`
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim()
}
