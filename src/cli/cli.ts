import { CommanderError } from "@commander-js/extra-typings"
import type { Host } from "../host/host.ts"
import type { Context } from "./context.ts"
import { asFailure, exitCodeOf, failureJson, renderFailure } from "./failure.ts"
import type { Io } from "./io.ts"
import { json } from "./json.ts"
import { withSeparator } from "./run/separator.ts"
import { folderOf, makeProgram } from "./program.ts"

export type Surroundings = {
  readonly io: Io
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  /** The current folder, absolute. */
  readonly current: string
}

/** The version of package.json; the program is small and reads it only when asked. */
export const version = "0.1.0"

/** Runs a command line and gives its exit code. Prints what went wrong, once. */
export async function runCli(argv: readonly string[], { io, env, signal, current }: Surroundings): Promise<number> {
  let exit = 0
  let named = ""
  let asJson = false
  let host: Host | undefined
  const program = makeProgram(async (run) => {
    const { makeHost } = await import("../host/node/host.ts")
    const folder = folderOf(program.opts().directory, current)
    host = makeHost(env)
    const context: Context = { host, io, signal, folder }
    exit = await run(context)
  }, version)
  const quiet = { writeOut: io.out, writeErr: io.err, outputError: (text: string) => io.err(usageError(text, io)) }
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
    command.exitOverride().configureOutput(quiet)
  program.hook("preAction", (_, command) => {
    named = command.name()
    asJson = command.opts()["json"] === true
  })
  try {
    await program.parseAsync(withSeparator(argv, program), { from: "user" })
    return exit
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (signal.aborted) {
      io.err(`\n${stopLines[named] ?? "Interrupted."}\n`)
      return 130
    }
    const failure = host === undefined ? asFailure(error) : await explain(error, host)
    if (asJson) io.out(json({ error: failureJson(failure) }))
    io.err(renderFailure(failure, io.colors))
    return exitCodeOf(failure)
  }
}

/** What helps against a full disk is looked for where it is needed. */
async function explain(error: unknown, host: Host): Promise<unknown> {
  const { explained } = await import("./full-disk.ts")
  return await explained(error, host)
}

/** What people should know after Ctrl-C, where there is something. */
const stopLines: Readonly<Record<string, string>> = {
  publish: "Interrupted. What is done is kept, and nothing is half tagged; run the command again to go on.",
  build: "Interrupted. What is built is kept; run the command again to go on.",
  check: "Interrupted. What has passed is kept; run the command again to go on.",
  lock: "Interrupted. nbstacks.lock is as it was.",
  run: "Stopped.",
  serve: "Stopped.",
}

/** Commander's sentence in our form: `error: unknown command 'plam'` and its hint after an empty line. */
function usageError(text: string, { colors }: Io): string {
  const [sentence = "", ...more] = text.trim().split("\n")
  const hint = more
    .join(" ")
    .replace(/^\(Did you mean (.*)\?\)$/, "Did you mean `$1`?")
    .trim()
  const head = `${colors.red(colors.bold("error"))}: ${sentence.replace(/^error: /, "")}\n`
  return `${head}\n${colors.cyan("hint")}: ${hint === "" ? "Run the command with --help" : hint}\n`
}
