import pc from "picocolors"
import type { Io } from "./io.ts"
import { visible } from "../report/visible.ts"
import { wantsColor } from "./wants-color.ts"

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
let unwritten: NodeJS.ErrnoException | undefined
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that went away, such as `head`, is not an error.
  if (error.code === "EPIPE") process.exit(0)
  unwritten ??= error
})
// Nobody is left to be told.
process.stderr.on("error", () => undefined)

const { env } = process
const lively = process.stderr.isTTY && env["TERM"] !== "dumb" && env["CI"] === undefined

const errColored = wantsColor(env, process.stderr)
const outColored = wantsColor(env, process.stdout)

// Whatever a file, a registry or a wheel says, it moves no cursor.
const io: Io = {
  out: (text) => void process.stdout.write(visible(text, { colors: outColored })),
  err: (text) => void process.stderr.write(visible(text, { colors: errColored })),
  colors: pc.createColors(errColored),
  outColors: pc.createColors(outColored),
  terminal: lively ? process.stderr : undefined,
  outTerminal: process.stdout.isTTY ? process.stdout : undefined,
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import("node:readline/promises")
  const reader = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await reader.question(visible(question), { signal: interrupt.signal })
  } finally {
    reader.close()
  }
}

const { runCli } = await import("./cli.ts")
const code = await runCli(process.argv.slice(2), { io, env, signal: interrupt.signal, current: process.cwd() })

/** Waits until all that was written has left this process, or cannot. */
const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => void stream.write("", () => resolve()))

await flushed(process.stdout)
if (unwritten !== undefined) {
  const { renderFailure, asFailure } = await import("./failure.ts")
  const { Failure } = await import("../failure.ts")
  const known = asFailure(unwritten)
  const why = known instanceof Failure ? known.message.replace(/^.*: /, "") : unwritten.message
  const hint = "Send the output somewhere else; what the command did besides is done"
  io.err(renderFailure(new Failure("cannot", `Cannot write to stdout: ${why}`, { hint }), io.colors))
}
await flushed(process.stderr)
// Without waiting for sockets: whoever left one open must not keep the process.
process.exit(interrupt.signal.aborted ? interrupted : unwritten !== undefined && code === 0 ? 2 : code)
