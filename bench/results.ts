import { z } from "zod"
import type { Host } from "../src/host/host.ts"
import type { Measured } from "./measure.ts"
import { Simulated } from "./simulate/results.ts"

/** What `results.json` has. No paths and no names of machines. */
export type Results = {
  readonly version: 1
  readonly machine: {
    readonly cores: number
    readonly processor: string
    readonly memoryGigabytes: number
    readonly node: string
  }
  /** By the name of the measurement. `load` is the machine's average over the last minute: what else was going on. */
  readonly measured: Readonly<
    Record<string, { readonly date: string; readonly load: number; readonly lines: readonly Measured[] }>
  >
  /** Figures of no machine: layers of real locks, replayed. */
  readonly simulated?: Simulated
}

const Line: z.ZodType<Measured> = z.object({
  name: z.string(),
  by: z.string(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  megabytes: z.number(),
  runs: z.int(),
  goal: z.string().exactOptional(),
  facts: z.record(z.string(), z.union([z.number(), z.string()])),
})

const Results: z.ZodType<Results> = z.object({
  version: z.literal(1),
  machine: z.object({ cores: z.int(), processor: z.string(), memoryGigabytes: z.number(), node: z.string() }),
  measured: z.record(z.string(), z.object({ date: z.string(), load: z.number(), lines: z.array(Line) })),
  simulated: Simulated.exactOptional(),
})

/** The results of the last run; undefined if there are none. */
export async function readResults(host: Pick<Host, "files">, path: string): Promise<Results | undefined> {
  if ((await host.files.stat(path)) === undefined) return undefined
  return Results.parse(JSON.parse(await host.files.readText(path)))
}
