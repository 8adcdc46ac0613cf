import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples } from "../options.ts"
import type { Execute } from "../program.ts"

export type InitOptions = { readonly force?: true | undefined; readonly yes?: true | undefined; readonly lock: boolean }

export function initCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("init")
    .summary("write a commented nbstacks.yaml that works at once")
    .description("Writes a commented nbstacks.yaml with a base and one environment on it, and locks it.")
    .option("--force", "overwrite files that are there; asks on a terminal")
    .option("--yes", "do not ask before overwriting")
    .option("--no-lock", "do not write nbstacks.lock")
    .action(
      async (options) => await execute(async (context) => await (await import("./run.ts")).init(context, options)),
    )
  examples(command, [["nbstacks init && nbstacks build", "from nothing to two images"]])
  return command
}
