import { CommanderError } from "@commander-js/extra-typings"
import type { Context } from "./context.ts"
import { exitCodeOf, renderFailure } from "./failure.ts"
import type { Io } from "./io.ts"
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
  const program = makeProgram(async (run) => {
    const { makeHost } = await import("../host/node/host.ts")
    const folder = folderOf(program.opts().directory, current)
    const context: Context = { host: makeHost(env), io, signal, folder }
    exit = await run(context)
  }, version)
  const quiet = { writeOut: io.out, writeErr: io.err, outputError: (text: string) => io.err(usageError(text, io)) }
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
    command.exitOverride().configureOutput(quiet)
  try {
    await program.parseAsync(argv, { from: "user" })
    return exit
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (signal.aborted) {
      io.err("\nInterrupted. Nothing was left half written; run the command again to go on.\n")
      return 130
    }
    io.err(renderFailure(error, io.colors))
    return exitCodeOf(error)
  }
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
