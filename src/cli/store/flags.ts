import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, port } from "../options.ts"
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
    .description("Removes blobs and manifests that no tag, release or running build refers to.")
    .option("--dry-run", "remove nothing; say what would be")
    .action(async (options) => await execute(async (context) => await (await import("./gc.ts")).gc(context, options)))
  command
    .command("verify")
    .summary("read everything and compare it with its digest")
    .description("Reads every blob and follows every reference. Exits 1 if something is broken.")
    .option("--heal", "move broken blobs aside, so that they are fetched or built again")
    .action(
      async (options) => await execute(async (context) => await (await import("./verify.ts")).verify(context, options)),
    )
  examples(command, [["nbstacks store serve --port 5000", "then: docker pull 127.0.0.1:5000/…"]])
  return command
}
