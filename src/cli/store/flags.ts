import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { days, examples, port } from "../options.ts"
import type { Execute } from "../program.ts"

export function storeCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("store")
    .summary("the local store: serve it as a registry, clean it, verify it")
    .description("The local store is an OCI layout in NBSTACKS_STORE, or in your data folder.")
  command
    .command("serve")
    .summary("serve the store as a registry on loopback")
    .description("Serves the local store as a registry on 127.0.0.1 until Ctrl-C. Prints its address on stdout.")
    .option("--port <port>", "the port; the one of the last time unless given, 0 is any free one", port)
    .action(
      async (options) => await execute(async (context) => await (await import("./serve.ts")).serve(context, options)),
    )
  command
    .command("gc")
    .summary("remove what nothing refers to")
    .description("Removes what no tag, no release and no running build refers to.")
    .option("--older-than <days>", "also forget builds older than this, except the last of each row", days, 30)
    .option("--dry-run", "say what would be removed, and remove nothing")
    .option("--yes", "do not ask; needed where there is no terminal")
    .action(async (options) => await execute(async (context) => await (await import("./gc.ts")).gc(context, options)))
  command
    .command("verify")
    .summary("read everything and compare it with its digest")
    .description(
      "Reads every blob and follows every reference. Moves broken blobs aside, so that they are made or fetched again, and exits 1.",
    )
    .action(async () => await execute(async (context) => await (await import("./verify.ts")).verify(context)))
  examples(command, [["nbstacks store serve --port 5000", "then: docker pull 127.0.0.1:5000/…"]])
  return command
}
