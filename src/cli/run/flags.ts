import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, port, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type RunOptions = {
  readonly port?: number | undefined
  readonly runtime?: string | undefined
  readonly platform?: string | undefined
  readonly registry?: string | undefined
  readonly offline?: true | undefined
}

export function runCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("run")
    .summary("JupyterLab from a row, with this folder as ~/work")
    .description(
      "Starts JupyterLab from a row's image and prints its link on stdout. Ctrl-C stops it. This folder is ~/work.",
    )
    .usage("[options] <row> [-- command...]")
    .argument("<row>", "a row; an image if it has one row only")
    .argument("[command...]", "run this instead of JupyterLab")
    .option("--port <port>", "the port of the link; 0 is any free one", port, 0)
    .option("--runtime <runtime>", texts.runtime)
    .option("--platform <platform>", texts.platform)
    .option("--registry <registry>", texts.registry)
    .option("--offline", texts.offline)
    .action(
      async (row, command_, options) =>
        await execute(
          async (context) => await (await import("./run.ts")).run(context, { ...options, row, command: command_ }),
        ),
    )
  examples(command, [
    ["nbstacks run datascience:2021.3", "JupyterLab; click the link"],
    ["nbstacks run datascience:2021.3 -- python -V", "a command"],
  ])
  return command
}
