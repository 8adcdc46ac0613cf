import { cpus, loadavg, totalmem } from "node:os"
import { resolve } from "node:path"
import { makeHost } from "../src/host/node/host.ts"
import type { Host } from "../src/host/host.ts"
import { context } from "./context.ts"
import { help } from "./help.ts"
import { inspect } from "./inspect.ts"
import { largeWheel } from "./large-wheel.ts"
import { layers } from "./layers.ts"
import type { Measured } from "./measure.ts"
import { ready } from "./ready.ts"
import { readResults, type Results } from "./results.ts"
import { simulateLayers } from "./simulate/layers.ts"
import { figures } from "./table.ts"
import { thousandRows } from "./thousand-rows.ts"
import { trees } from "./trees.ts"

// What people run is what is measured.
await import("../scripts/chunks.ts")

/**
 * `npm run bench [-- NAME…]`: measures, each thing beside its peers in the same run, prints a table, and writes
 * results.json. With names, only these are measured and the others stay as they were.
 */
const all: Readonly<Record<string, (host: Host) => Promise<readonly Measured[]>>> = {
  help,
  rows: thousandRows,
  context,
  layers,
  ready,
  inspect,
  "large-wheel": largeWheel,
  trees,
}
/** Not measured but simulated: it takes locks of others, and says nothing about this machine. */
const simulation = "layers-simulated"

const file = resolve(import.meta.dirname, "results.json")
const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => all[name] === undefined && name !== simulation)
if (unknown.length > 0) {
  console.error(
    `error: there is no measurement ${unknown.join(", ")}\n\nhint: There are ${[...Object.keys(all), simulation].join(", ")}`,
  )
  process.exit(2)
}

const host = makeHost(process.env)
const before = await readResults(host, file)
const measured: Record<string, Results["measured"][string]> = { ...before?.measured }
for (const [name, run] of Object.entries(all)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  console.error(`${name} …`)
  const lines = await run(host)
  measured[name] = {
    date: host.now().toISOString().slice(0, 10),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    lines: lines.map((line) => ({
      ...line,
      seconds: rounded(line.seconds),
      cpuSeconds: rounded(line.cpuSeconds),
      megabytes: Math.round(line.megabytes),
    })),
  }
}
let simulated = before?.simulated
if (chosen.includes(simulation) || (chosen.length === 0 && host.env["NBSTACKS_BENCH_CLONES"] !== undefined)) {
  console.error(`${simulation} …`)
  simulated = await simulateLayers(host)
}
const results: Results = {
  version: 1,
  machine: {
    cores: host.machine.cores,
    processor: cpus()[0]?.model.trim() ?? "",
    memoryGigabytes: Math.round(totalmem() / 1024 ** 3),
    node: process.versions.node,
  },
  // In the order above, whatever was measured now.
  measured: Object.fromEntries(
    Object.keys(all).flatMap((name) => (measured[name] === undefined ? [] : [[name, measured[name]]])),
  ),
  ...(simulated === undefined ? {} : { simulated }),
}
await host.files.write(file, `${JSON.stringify(results, undefined, 2)}\n`)
console.log(figures(results))

function rounded(seconds: number): number {
  return Number(seconds.toPrecision(2))
}
