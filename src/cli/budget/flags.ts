import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, several, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type BudgetOptions = {
  readonly only?: readonly string[] | undefined
  readonly except?: readonly string[] | undefined
  readonly platform?: string | undefined
  readonly registry?: string | undefined
  readonly offline?: true | undefined
  readonly json?: true | undefined
}

export function budgetCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("budget")
    .summary("every image against its budget, and what to do")
    .description(
      "Weighs every row that is built against its `budget` in nbstacks.yaml: the whole image, how much it has grown since the newest " +
        "release, and its own layers. For those that are over it says what makes them so large and what would make them " +
        "smaller. Exits 1 then. `check` and `publish` judge the same.",
    )
    .argument("[row...]", "rows or images; all without")
    .option("--only <row>", texts.only, several)
    .option("--except <row>", texts.except, several)
    .option("--platform <platform>", texts.platform)
    .option("--registry <registry>", texts.registry)
    .option("--offline", texts.offline)
    .option("--json", texts.json)
    .action(
      async (rows, options) =>
        await execute(async (context) => await (await import("./run.ts")).budget(context, { ...options, rows })),
    )
  examples(command, [
    ["nbstacks budget", "who is too large?"],
    ["nbstacks budget lab --json", "for a program"],
  ])
  return command
}
