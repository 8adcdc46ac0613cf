import { Argument, Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples } from "../options.ts"
import type { Execute } from "../program.ts"

export function completionCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("completion")
    .summary("print a completion script for a shell")
    .description("Prints a script that completes commands, options and rows.")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"] as const))
    .action(
      async (shell) => await execute(async (context) => await (await import("./run.ts")).completion(context, shell)),
    )
  examples(command, [["source <(nbstacks completion bash)", "for this shell"]])
  return command
}
