import type { Clock } from "../host/clock.ts"
import { duration } from "./format.ts"
import type { Reporter } from "./reporter.ts"
import { doing, finishedLine, rowLabel } from "./words.ts"

export type PlainOptions = {
  readonly write: (line: string) => void
  readonly severalPlatforms: boolean
  /** Groups that GitHub folds: a row's own output is shown inside one when the row is done. */
  readonly groups?: boolean
}

const heartbeat = 60_000
const keptLines = 5_000

/** A line for each finished step and, so that no log is silent, one each minute for what still runs. */
export function plainReporter(
  { write, severalPlatforms, groups = false }: PlainOptions,
  clock: Pick<Clock, "elapsed" | "sleep">,
): Reporter {
  const running = new Map<string, { readonly since: number; readonly text: string }>()
  const output = new Map<string, string[]>()
  const stop = new AbortController()
  const beat = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await clock.sleep(heartbeat, stop.signal)
      for (const { since, text } of running.values()) {
        const took = clock.elapsed() - since
        if (took >= heartbeat / 2) write(`${text}, ${duration(took)} so far`)
      }
    }
  }
  beat().catch(() => undefined)
  return {
    report: (event) => {
      if (event.kind === "note") return write(event.level === "warning" ? `warning: ${event.text}` : event.text)
      const label = rowLabel(event, severalPlatforms)
      const key = `${label} ${event.phase}`
      if (event.kind === "started")
        running.set(key, { since: clock.elapsed(), text: `${label}  still ${doing[event.phase]}` })
      if (event.kind === "output" && groups) {
        const lines = output.get(key) ?? []
        if (lines.push(event.line) > keptLines) lines.shift()
        output.set(key, lines)
      }
      if (event.kind !== "finished") return
      running.delete(key)
      write(finishedLine(event, label))
      const lines = output.get(key) ?? []
      output.delete(key)
      if (lines.length === 0) return
      write(`::group::${label}: output`)
      // A line of a build that looks like a workflow command must not become one.
      for (const line of lines) write(line.replace(/^::/, " ::"))
      write("::endgroup::")
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
    },
  }
}
