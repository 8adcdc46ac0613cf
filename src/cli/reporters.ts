import { join } from "node:path"
import type { Phase } from "../report/event.ts"
import { ndjsonReporter } from "../report/ndjson.ts"
import { plainReporter } from "../report/plain.ts"
import { together, type Reporter } from "../report/reporter.ts"
import { rowLogs } from "../report/row-logs.ts"
import type { Tree } from "../tree/tree.ts"
import type { Context } from "./context.ts"
import { readDurations, rememberDurations } from "./durations.ts"

export type ReporterOptions = {
  /** A folder of the user's cache for this tree. */
  readonly cache: string
  readonly events: string | undefined
}

/** Everything that listens while rows are built and checked. */
export async function openReporters({ host, io }: Context, tree: Tree, options: ReporterOptions): Promise<Reporter> {
  const severalPlatforms = new Set(tree.images.flatMap(({ platforms }) => platforms)).size > 1
  const durations = await readDurations(host, options.cache)
  const lastTime = (row: { image: string; platform: string }, phase: Phase): number | undefined =>
    durations[`${row.image} ${row.platform} ${phase}`]
  const write = (line: string): void => io.err(`${line}\n`)
  const people =
    io.terminal === undefined
      ? plainReporter({ write, severalPlatforms, groups: host.env["GITHUB_ACTIONS"] === "true" }, host)
      : (await import("../report/terminal.ts")).terminalReporter(
          { stream: io.terminal, severalPlatforms, colors: io.colors, lastTime },
          host,
        )
  return together([
    people,
    rowLogs(logFolder(options.cache), host.files),
    rememberDurations(host, options.cache, durations),
    ...(options.events === undefined
      ? []
      : [ndjsonReporter(options.events, host, (sentence) => write(`warning: ${sentence}`))]),
  ])
}

/** Where the output of each row is kept. */
export function logFolder(cache: string): string {
  return join(cache, "logs")
}
