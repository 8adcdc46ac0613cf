import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, positive, several, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type BuildOptions = {
  readonly except?: readonly string[] | undefined
  readonly only?: readonly string[] | undefined
  readonly platform?: string | undefined
  readonly registry?: string | undefined
  readonly offline?: true | undefined
  readonly to?: string | undefined
  readonly plan?: string | undefined
  readonly jobs?: number | undefined
  readonly dryRun?: true | undefined
  readonly events?: string | undefined
  readonly json?: true | undefined
}

export function buildCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("build")
    .summary("build rows into the local store")
    .description(
      "Builds rows, and what they are built on, into the local store. What is built already is reused. Checks nothing.",
    )
    .argument("[rows...]", "rows or images; all without")
    .option("--only <row>", texts.only, several)
    .option("--except <row>", texts.except, several)
    .option("--platform <platform>", texts.platform)
    .option("--registry <registry>", texts.registry)
    .option("--offline", texts.offline)
    .option("--to <registry>", "also put the images into this registry, by digest")
    .option("--plan <file>", "run a saved plan; refused when its inputs have changed")
    .option("--jobs <number>", texts.jobs, positive)
    .option("--dry-run", "print the plan and stop")
    .option("--events <file>", texts.events)
    .option("--json", texts.json)
    .action(
      async (rows, options) =>
        await execute(async (context) => await (await import("./run.ts")).build(context, { ...options, rows })),
    )
  examples(command, [
    ["nbstacks build datascience", "one image, all its rows"],
    ["nbstacks build --to 127.0.0.1:5000", "everything, and into a registry"],
  ])
  return command
}
