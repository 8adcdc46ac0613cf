import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, several, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type PlanOptions = {
  readonly only?: readonly string[] | undefined
  readonly except?: readonly string[] | undefined
  readonly platform?: string | undefined
  readonly registry?: string | undefined
  readonly offline?: true | undefined
  readonly verify?: true | undefined
  readonly out?: string | undefined
  readonly json?: true | undefined
}

export function planCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("plan")
    .summary("what would be built, in which order, and because of what")
    .description(
      "Compares the files with what the registry and the local store have. Builds nothing. The same files and the " +
        "same stores give the same plan.",
    )
    .option("--only <row>", texts.only, several)
    .option("--except <row>", texts.except, several)
    .option("--platform <platform>", texts.platform)
    .option("--registry <registry>", texts.registry)
    .option("--offline", "ask nobody: as if nothing had been built")
    .option("--verify", "ask the registry for every image that would be reused")
    .option("--out <file>", "save the plan, for `build --plan` and `publish --plan`")
    .option("--json", texts.json)
    .action(
      async (options) => await execute(async (context) => await (await import("./run.ts")).plan(context, options)),
    )
  examples(command, [
    ["nbstacks plan", "what a publish would build"],
    ["nbstacks plan --only datascience", "one image, with what it is built on"],
    ["nbstacks plan --out plan.json", "to be run elsewhere"],
  ])
  return command
}
