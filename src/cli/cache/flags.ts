import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { days, examples, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export function cacheCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("cache")
    .summary("the cache: what it takes, and clear it")
    .description(
      "The cache has wheels, and what was made of them, for all trees. It is in NBSTACKS_CACHE, or in your cache folder. It takes 20GB at most, or what NBSTACKS_CACHE_LIMIT says: what was used longest ago goes first.",
    )
  command
    .command("size")
    .summary("what is in it, and how much that takes")
    .description("Prints how many files there are of each kind, what they take, and when the oldest was used last.")
    .option("--json", texts.json)
    .action(
      async (options) => await execute(async (context) => await (await import("./size.ts")).size(context, options)),
    )
  command
    .command("clear")
    .summary("remove what is not needed")
    .description("Removes what was not used for a while, or all of it. It is fetched and made again when it is needed.")
    .option("--older-than <days>", "only what was not used for so many days", days)
    .option("--dry-run", "say what would be removed, and remove nothing")
    .option("--yes", "do not ask; needed where there is no terminal")
    .action(
      async (options) => await execute(async (context) => await (await import("./clear.ts")).clear(context, options)),
    )
  examples(command, [
    ["nbstacks cache size", "what is in it, by kind"],
    ["nbstacks cache clear --older-than 30", "what nothing used for thirty days"],
  ])
  return command
}
