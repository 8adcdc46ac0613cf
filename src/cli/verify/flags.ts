import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, several, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type VerifyOptions = {
  readonly key?: readonly string[] | undefined
  readonly deep?: true | undefined
  readonly platform?: string | undefined
  readonly registry?: string | undefined
  readonly json?: true | undefined
}

export function verifyCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("verify")
    .summary("evidence is there, digests and signatures are right, checks passed")
    .description(
      "Verifies images and what is kept beside them: inventory, recipe, provenance, bill of materials and check report are there, are what " +
        "their digests say, and are about this image; the checks passed; and, where nbstacks.yaml has `trust` or a key is named, somebody " +
        "signed it whose signatures count, of an image of somebody else too. Without an image: every row of the newest release. Exits 1 when something is wrong.",
    )
    .argument("[image...]", "a row of the tree as it was released, or an image with its registry")
    .option("--key <file>", "count signatures by this public key instead of `trust` (repeatable)", several)
    .option("--deep", "also read every layer, and compare the inventory with what they say")
    .option("--platform <platform>", "only this one of the image's platforms")
    .option("--registry <registry>", texts.registry)
    .option("--json", texts.json)
    .action(
      async (images, options) =>
        await execute(async (context) => await (await import("./run.ts")).verify(context, { ...options, images })),
    )
  examples(command, [
    ["nbstacks verify", "all of the newest release"],
    ["nbstacks verify example.org/lab:1 --key lab.pub", "somebody else's image"],
    ["nbstacks verify lab --deep", "and is the inventory true?"],
  ])
  return command
}
