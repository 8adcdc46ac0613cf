import type { CommandUnknownOpts } from "@commander-js/extra-typings"

/**
 * Puts `--` before the command of `run ROW COMMAND…`, so that the command's options are its own: `run lab python -V`.
 * Options before it, also after the row, stay those of `run`. Any other command line comes back as it is.
 *
 * @param program Knows which options take a value.
 */
export function withSeparator(argv: readonly string[], program: CommandUnknownOpts): readonly string[] {
  const run = program.commands.find((command) => command.name() === "run")
  if (run === undefined) return argv
  const options = [...program.options, ...run.options]
  const takesValue = (text: string): boolean =>
    options.some(({ short, long, required }) => required && (text === short || text === long))
  let operands = 0
  for (let at = 0; at < argv.length; at += 1) {
    const text = argv[at] ?? ""
    if (text === "--") return argv
    if (text.startsWith("-") && text !== "-") {
      if (takesValue(text)) at += 1
      continue
    }
    operands += 1
    if (operands === 1 && text !== "run") return argv
    // The command's name, the row, and then what is run.
    if (operands === 3) return [...argv.slice(0, at), "--", ...argv.slice(at)]
  }
  return argv
}
