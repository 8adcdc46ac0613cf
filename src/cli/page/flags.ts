import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, texts } from "../options.ts"
import type { Execute } from "../program.ts"
import type { FindOptions } from "../inspect/find.ts"

export type PageOptions = FindOptions

export function pageCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("page")
    .summary("a page about an image, for a wiki: steps, packages, layers")
    .description(
      "Prints a page in Markdown about an image, of this tree or of anybody's: what it is built on, pinned by digest, its steps, " +
        "kernels, packages, and layers with their sizes. The same image gives the same page.",
    )
    .argument("<image>", texts.image)
    .option("--platform <platform>", texts.platform)
    .option("--registry <registry>", texts.registry)
    .option("--offline", "of a row: the local store alone")
    .action(
      async (image, options) =>
        await execute(async (context) => await (await import("./run.ts")).page(context, { ...options, image })),
    )
  examples(command, [["nbstacks page lab > wiki/lab.md", "what is live, for people"]])
  return command
}
