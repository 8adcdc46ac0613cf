import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type DiffOptions = {
  readonly markdown?: true | undefined
  readonly platform?: string | undefined
  readonly registry?: string | undefined
  readonly offline?: true | undefined
  readonly json?: true | undefined
}

export function diffCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("diff")
    .summary("how one image differs from another: packages, sizes, bytes to pull")
    .description(
      "Compares what two images have: packages that went up or down, came or went, kernels and extensions, sizes, and what " +
        "somebody pulls for the second who has the first. Both are read from their layers; nothing of them is run.",
    )
    .argument("<from>", texts.image)
    .argument("<to>", "the one to compare it with")
    .option("--markdown", "as Markdown, for a pull request")
    .option("--platform <platform>", texts.platform)
    .option("--registry <registry>", texts.registry)
    .option("--offline", "of rows: the local store alone")
    .option("--json", texts.json)
    .action(
      async (from, to, options) =>
        await execute(async (context) => await (await import("./run.ts")).diff(context, { ...options, from, to })),
    )
  examples(command, [
    ["nbstacks diff example.org/lab:1 lab", "what will users get?"],
    ["nbstacks diff lab scipy --markdown", "for a pull request"],
  ])
  return command
}
