import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, positive, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type LayersOptions = {
  readonly all?: true | undefined
  readonly history?: true | undefined
  readonly releases?: number | undefined
  readonly platform?: string | undefined
  readonly registry?: string | undefined
  readonly offline?: true | undefined
  readonly json?: true | undefined
}

export function layersCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("layers")
    .summary("what is in which layer of a row, and who shares it")
    .description(
      "Shows the layers of a row's image as it is built: sizes, packages, and which other rows have the same layer. " +
        "With --history, replays the git history of the row's lock instead, and says what people would have pulled from " +
        "release to release for several numbers of layers. Builds nothing, and fetches no wheel.",
    )
    .argument("<row>", "a row; an image if it has one row only")
    .option("--all", "every package of every layer, however many lines that takes")
    .option("--history", "replay the lock's git history for several layer budgets")
    .option("--releases <n>", "with --history: the last versions of the lock, 26 unless given", positive)
    .option("--platform <platform>", texts.platform)
    .option("--registry <registry>", texts.registry)
    .option("--offline", "ask nobody: the local store and the cache alone")
    .option("--json", texts.json)
    .action(
      async (row, options) =>
        await execute(async (context) => await (await import("./run.ts")).layers(context, { ...options, row })),
    )
  examples(command, [
    ["nbstacks layers datascience:2021.3", "what is in which layer"],
    ["nbstacks layers lab --all | grep scipy", "which layer has it?"],
    ["nbstacks layers datascience:2021.3 --history", "is another budget better?"],
  ])
  return command
}
