import { join } from "node:path"
import { z } from "zod"
import type { Host } from "../host/host.ts"
import type { Reporter } from "../report/reporter.ts"

/** Milliseconds by `row platform phase`. */
export type Durations = Readonly<Record<string, number>>

const Durations = z.record(z.string(), z.number().nonnegative())

type Door = Pick<Host, "files">

function fileOf(cache: string): string {
  return join(cache, "durations.json")
}

/** How long everything took the last time; nothing if that is not known. */
export async function readDurations({ files }: Door, cache: string): Promise<Durations> {
  try {
    return Durations.parse(JSON.parse(await files.readText(fileOf(cache))))
  } catch {
    return {}
  }
}

/** Keeps how long phases took, for the next time. */
export function rememberDurations({ files }: Door, cache: string, before: Durations): Reporter {
  const now: Record<string, number> = {}
  return {
    report: (event) => {
      if (event.kind === "finished" && event.outcome !== "failed" && event.outcome !== "skipped")
        now[`${event.image} ${event.platform} ${event.phase}`] = Math.round(event.milliseconds)
    },
    async [Symbol.asyncDispose]() {
      if (Object.keys(now).length === 0) return
      // A cache that cannot be written costs only the estimate.
      await files.write(fileOf(cache), JSON.stringify({ ...before, ...now })).catch(() => undefined)
    },
  }
}
