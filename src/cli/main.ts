import { createInterface } from "node:readline/promises"
import pc from "picocolors"
import type { Io } from "./io.ts"

/** The exit code of a command that a signal ended. */
const interrupted = 130

const interrupt = new AbortController()
let asked = 0
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    // The first asks everything to end in order; a third does not wait any longer.
    if (++asked === 1) interrupt.abort(new DOMException("interrupted", "AbortError"))
    else if (asked === 3) process.exit(interrupted)
  })
// A reader that went away, such as `head`, is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0)
  throw error
})

const { env } = process
const colorful = (stream: NodeJS.WriteStream): boolean =>
  env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0"
    ? true
    : stream.isTTY && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb"
const lively = process.stderr.isTTY && env["TERM"] !== "dumb" && env["CI"] === undefined

const io: Io = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  colors: pc.createColors(colorful(process.stderr)),
  outColors: pc.createColors(colorful(process.stdout)),
  terminal: lively ? process.stderr : undefined,
  outTerminal: process.stdout.isTTY ? process.stdout : undefined,
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
}

async function ask(question: string): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await reader.question(question, { signal: interrupt.signal })
  } finally {
    reader.close()
  }
}

const { runCli } = await import("./cli.ts")
process.exitCode = await runCli(process.argv.slice(2), { io, env, signal: interrupt.signal, current: process.cwd() })
if (interrupt.signal.aborted) process.exit(interrupted)
