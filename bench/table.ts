import type { Measured } from "./measure.ts"
import type { Results } from "./results.ts"
import { simulationTable } from "./simulate/results.ts"

/** The results as people read them: what each figure is, and a table in Markdown. */
export function figures({ machine, measured, simulated }: Results): string {
  const sections = Object.values(measured)
  const dates = [...new Set(sections.map(({ date }) => date))].sort()
  const loads = sections.map(({ load }) => load)
  return [
    `Medians, measured ${dates.join(", ")} with Node ${machine.node} on ${machine.cores} cores (${machine.processor}),`,
    `${machine.memoryGigabytes} GB, while other work went on there (load ${Math.min(...loads)} to ${Math.max(...loads)}). CPU is user and system time;`,
    "memory is the most that the program's own process had. `npm run bench` measures again.",
    "",
    "| what | by | time | CPU | memory | runs | also | goal |",
    "|---|---|---|---|---|---|---|---|",
    ...sections.flatMap(({ lines }) => lines).map(row),
    ...(simulated === undefined ? [] : ["", simulationTable(simulated)]),
  ].join("\n")
}

function row({ name, by, seconds, cpuSeconds, megabytes, runs, facts, goal }: Measured): string {
  const also = Object.entries(facts).map(([what, value]) => `${value} ${what}`)
  const cells = [
    name,
    by,
    `${seconds} s`,
    cpuSeconds === 0 ? "" : `${cpuSeconds} s`,
    megabytes === 0 ? "" : `${megabytes} MB`,
    String(runs),
    also.join(", "),
    goal ?? "",
  ]
  return `| ${cells.join(" | ")} |`
}
