import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type DoctorOptions = { readonly json?: true | undefined }

export function doctorCommand(execute: Execute): CommandUnknownOpts {
  return new Command("doctor")
    .summary("what this machine has, lacks, and which command installs it")
    .description(
      "Says which engines and runtimes work here and which command installs what is missing. Exits 1 if the tree of this folder needs something that is missing.",
    )
    .option("--json", texts.json)
    .action(
      async (options) => await execute(async (context) => await (await import("./run.ts")).doctor(context, options)),
    )
}
