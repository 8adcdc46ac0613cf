import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type LockOptions = {
  readonly upgrade?: true | undefined
  readonly check?: true | undefined
  readonly dryRun?: true | undefined
  readonly json?: true | undefined
  readonly registry?: string | undefined
}

export function lockCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("lock")
    .summary("write nbstacks.lock: external parents, Debian versions, refresh values")
    .description(
      "Writes down what is not in a file: digests of external images, Debian versions, hashes of URLs. Adds what is " +
        "missing and drops what is not used any more; with --upgrade everything moves to what is current.",
    )
    .option("--upgrade", "move everything, and give unlocked steps a new refresh value")
    .option("--check", "change nothing; exit 1 if the lock would change")
    .option("--dry-run", "change nothing; say what would move")
    .option("--json", texts.json)
    .option("--registry <registry>", texts.registry)
    .action(
      async (options) => await execute(async (context) => await (await import("./run.ts")).lock(context, options)),
    )
  examples(command, [
    ["nbstacks lock", "after editing nbstacks.yaml"],
    ["nbstacks lock --upgrade", "what a weekly rebuild begins with"],
  ])
  return command
}
