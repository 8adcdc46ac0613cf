import { createLogUpdate } from "log-update"
import type { Clock } from "../host/clock.ts"
import type { Event, Phase } from "./event.ts"
import { bytes, duration } from "./format.ts"
import type { Reporter } from "./reporter.ts"
import { visible } from "./visible.ts"
import { doing, finishedLine, rowLabel } from "./words.ts"

export type TerminalOptions = {
  readonly stream: NodeJS.WriteStream
  readonly severalPlatforms: boolean
  readonly colors: {
    readonly dim: (text: string) => string
    readonly red: (text: string) => string
    readonly green: (text: string) => string
  }
  /** How long a row's phase took the last time, in milliseconds. */
  readonly lastTime: (row: { readonly image: string; readonly platform: string }, phase: Phase) => number | undefined
}

type Live = {
  readonly since: number
  readonly event: Extract<Event, { kind: "started" }>
  progress: string
  line: string
}

const interval = 100

/** A live line for each row at work: phase, bytes, elapsed time, last time; finished steps scroll away above. */
export function terminalReporter(options: TerminalOptions, clock: Pick<Clock, "elapsed" | "sleep">): Reporter {
  const { stream, severalPlatforms, colors } = options
  const log = createLogUpdate(stream, { showCursor: true })
  const live = new Map<string, Live>()
  const stop = new AbortController()
  const columns = (): number => stream.columns ?? 80
  const draw = (): void =>
    log(
      [...live.values()]
        .slice(0, Math.max(1, (stream.rows ?? 24) - 2))
        .map((one) => liveLine(one))
        .join("\n"),
    )
  const liveLine = ({ since, event, progress, line }: Live): string => {
    const took = clock.elapsed() - since
    const last = options.lastTime(event, event.phase)
    const facts = [progress, duration(took), last === undefined ? "" : `last time ${duration(last)}`].filter(
      (text) => text !== "",
    )
    const head = `${rowLabel(event, severalPlatforms)}  ${doing[event.phase]}  ${facts.join(", ")}`
    const room = columns() - head.length - 4
    // Escape sequences of an engine's output would move the cursor.
    const tail = room > 10 && line !== "" ? `  ${colors.dim(printable(line).slice(0, room))}` : ""
    return `${head.slice(0, columns() - 1)}${tail}`
  }
  const above = (line: string): void => {
    log.clear()
    stream.write(`${line}\n`)
    draw()
  }
  const tick = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await clock.sleep(interval, stop.signal)
      if (live.size > 0) draw()
    }
  }
  tick().catch(() => undefined)
  return {
    report: (event) => {
      if (event.kind === "note") return above(`${event.level === "warning" ? "warning: " : ""}${visible(event.text)}`)
      const label = rowLabel(event, severalPlatforms)
      const key = `${label} ${event.phase}`
      const now = live.get(key) ?? [...live.values()].findLast((one) => rowLabel(one.event, severalPlatforms) === label)
      if (event.kind === "started") live.set(key, { since: clock.elapsed(), event, progress: "", line: "" })
      if (event.kind === "progress" && now !== undefined) now.progress = progressText(event)
      if (event.kind === "output" && now !== undefined) now.line = event.line
      if (event.kind !== "finished") return
      live.delete(key)
      const mark = event.outcome === "failed" ? colors.red("✗") : colors.green("✓")
      above(`${mark} ${visible(finishedLine(event, label))}`)
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      live.clear()
      log.clear()
      log.done()
    },
  }
}

function progressText(event: Extract<Event, { kind: "progress" }>): string {
  const { done, total, unit } = event
  if (unit === "items") return total === undefined ? `${done}` : `${done} of ${total}`
  return total === undefined ? bytes(done) : `${bytes(done)} of ${bytes(total)}`
}

/** A line without control characters and escape sequences. */
function printable(line: string): string {
  // oxlint-disable-next-line no-control-regex
  return line.replaceAll(/\u001B\[[0-9;?]*[A-Za-z]|[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, "")
}
