import { Writable } from "node:stream"
import { expect, test } from "vitest"
import { terminalReporter } from "./terminal.ts"

const row = { image: "lab", platform: "linux/amd64" } as const
const plain = (text: string): string => text

/** A terminal of a width that keeps what is written to it. */
function terminal(columns: number) {
  let text = ""
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString()
      done()
    },
  })
  return {
    stream: Object.assign(stream, { columns, rows: 24, isTTY: true }) as unknown as NodeJS.WriteStream,
    /** The words since the last look, without escape sequences. */
    look: () => {
      // oxlint-disable-next-line no-control-regex
      const seen = text.replaceAll(/\u001B\[[0-9;?]*[A-Za-z]/g, "")
      text = ""
      return seen
    },
  }
}

test("a live line says phase, amount, time and the last time; finished steps stay above; all fits", async () => {
  const { stream, look } = terminal(80)
  let now = 0
  let tick: (() => void) | undefined
  const clock = {
    elapsed: () => now,
    sleep: (_: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        tick = resolve
        signal?.addEventListener("abort", () => reject(new Error("stopped")))
      }),
  }
  const draw = async (): Promise<string> => {
    tick?.()
    await Promise.resolve()
    await Promise.resolve()
    return look()
  }
  {
    await using reporter = terminalReporter(
      {
        stream,
        severalPlatforms: false,
        colors: { dim: plain, red: plain, green: plain },
        lastTime: (_, phase) => (phase === "build" ? 90_000 : undefined),
      },
      clock,
    )
    reporter.report({ ...row, kind: "started", phase: "build" })
    now = 3_000
    reporter.report({ ...row, kind: "progress", phase: "build", done: 2_000_000, total: 4_000_000, unit: "bytes" })
    expect(await draw()).toContain("lab  building  2.0 MB of 4.0 MB, 3.0 s, last time 1 min 30 s")
    reporter.report({ ...row, kind: "output", phase: "build", line: `\u001B[31mred\u001B[0m ${"long ".repeat(40)}` })
    const drawn = await draw()
    expect(Math.max(...drawn.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80)
    reporter.report({ ...row, kind: "finished", phase: "build", outcome: "failed", milliseconds: 3_000 })
    expect(look()).toContain("✗ lab  build failed, 3.0 s\n")
    reporter.report({ kind: "note", level: "info", text: "Recorded" })
    expect(look()).toContain("Recorded\n")
    expect(await draw()).toBe("")
  }
})
