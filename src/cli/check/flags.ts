import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, positive, several, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type CheckOptions = {
  readonly only?: readonly string[] | undefined
  readonly except?: readonly string[] | undefined
  readonly platform?: string | undefined
  readonly registry?: string | undefined
  readonly offline?: true | undefined
  readonly runtime?: string | undefined
  readonly junit?: string | undefined
  readonly jobs?: number | undefined
  readonly events?: string | undefined
  readonly json?: true | undefined
}

export function checkCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("check")
    .summary("check rows as a person would use them")
    .description(
      "Starts the images with their own entrypoint and tries what nbstacks.yaml promises: kernels, imports, notebooks, " +
        "paths, commands. Builds what is not built. Exits 1 when a check fails.",
    )
    .argument("[rows...]", "rows or images; all without")
    .option("--only <row>", texts.only, several)
    .option("--except <row>", texts.except, several)
    .option("--platform <platform>", texts.platform)
    .option("--registry <registry>", texts.registry)
    .option("--offline", texts.offline)
    .option("--runtime <runtime>", texts.runtime)
    .option("--junit <file>", "write the results as JUnit XML")
    .option("--jobs <number>", texts.jobs, positive)
    .option("--events <file>", texts.events)
    .option("--json", texts.json)
    .action(
      async (rows, options) =>
        await execute(async (context) => await (await import("./run.ts")).check(context, { ...options, rows })),
    )
  examples(command, [
    ["nbstacks check datascience", "one image, all its rows"],
    ["nbstacks check --junit checks.xml", "everything, with a report for CI"],
  ])
  return command
}
