import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, several, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type TreeOptions = {
  readonly only?: readonly string[] | undefined
  readonly except?: readonly string[] | undefined
  readonly json?: true | undefined
}

export function treeCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("tree")
    .summary("the rows and what is built on what")
    .description("Prints every row of nbstacks.yaml below the one it is built on. Asks nobody, and needs no lock.")
    .option("--only <row>", texts.only, several)
    .option("--except <row>", texts.except, several)
    .option("--json", texts.json)
    .action(
      async (options) => await execute(async (context) => await (await import("./run.ts")).tree(context, options)),
    )
  examples(command, [
    ["nbstacks tree", "the whole tree"],
    ["nbstacks tree --only scipy-ml --json", "some rows, for a program"],
  ])
  return command
}
