import { expect, test } from "vitest"
import type { Event } from "./event.ts"
import { plainReporter } from "./plain.ts"

const row = { image: "lab", platform: "linux/amd64" } as const

/** A clock that moves when it is told to; who sleeps on it wakes then. */
function stoppedClock() {
  let now = 0
  let sleepers: { readonly until: number; readonly wake: () => void }[] = []
  return {
    elapsed: () => now,
    sleep: (milliseconds: number) =>
      new Promise<void>((wake) => void sleepers.push({ until: now + milliseconds, wake })),
    async pass(milliseconds: number) {
      now += milliseconds
      const due = sleepers.filter(({ until }) => until <= now)
      sleepers = sleepers.filter(({ until }) => until > now)
      for (const { wake } of due) wake()
      await Promise.resolve()
      await Promise.resolve()
    },
  }
}

test("in a log there is a line for each finished step, and one each minute for what still runs", async () => {
  const lines: string[] = []
  const clock = stoppedClock()
  await using reporter = plainReporter({ write: (line) => lines.push(line), severalPlatforms: false }, clock)
  reporter.report({ ...row, kind: "started", phase: "build" })
  reporter.report({ ...row, kind: "progress", phase: "build", done: 1, unit: "items" })
  reporter.report({ ...row, kind: "output", phase: "build", line: "of no interest here" })
  await clock.pass(59_000)
  expect(lines).toEqual([])
  await clock.pass(1_000)
  expect(lines).toEqual(["lab  still building, 1 min so far"])
  await clock.pass(60_000)
  expect(lines.at(-1)).toBe("lab  still building, 2 min so far")
  reporter.report({ ...row, kind: "finished", phase: "build", outcome: "built", milliseconds: 125_000 })
  expect(lines.at(-1)).toBe("lab  built, 2 min 5 s")
  await clock.pass(60_000)
  expect(lines).toHaveLength(3)
})

test("on GitHub a row's output is folded, and cannot speak to the runner", async () => {
  const lines: string[] = []
  await using reporter = plainReporter(
    { write: (line) => lines.push(line), severalPlatforms: true, groups: true },
    stoppedClock(),
  )
  const events: readonly Event[] = [
    { ...row, kind: "started", phase: "build" },
    { ...row, kind: "output", phase: "build", line: "Step 1" },
    { ...row, kind: "output", phase: "build", line: "::set-output name=x::y" },
    { ...row, kind: "finished", phase: "build", outcome: "built", milliseconds: 1000 },
    { kind: "note", level: "warning", text: "something" },
  ]
  for (const event of events) reporter.report(event)
  expect(lines).toEqual([
    "lab linux/amd64  built, 1.0 s",
    "::group::lab linux/amd64: output",
    "Step 1",
    " ::set-output name=x::y",
    "::endgroup::",
    "warning: something",
  ])
})
