import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples } from "../options.ts"
import type { Execute } from "../program.ts"

export function schemaCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("schema")
    .summary("print the JSON schema of nbstacks.yaml")
    .description("Prints the JSON schema of nbstacks.yaml, for editors that complete and check YAML.")
    .action(async () => await execute(async (context) => await (await import("./run.ts")).schema(context)))
  examples(command, [["nbstacks schema > nbstacks.schema.json", "then name it in nbstacks.yaml"]])
  return command
}
