import { Command, Option, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { sbomFormats, type SbomFormat } from "../../evidence/sbom/formats.ts"
import { examples, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type SbomOptions = {
  readonly format: SbomFormat
  readonly platform?: string | undefined
  readonly registry?: string | undefined
  readonly offline?: true | undefined
}

export function sbomCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("sbom")
    .summary("what is in an image, for other programs: SPDX or CycloneDX")
    .description(
      "Prints a bill of materials of an image, of this tree or of anybody's, read from its layers: SPDX 2.3 or CycloneDX 1.6, " +
        "each package with its package URL and licence. The time in it is that of the newest of the image's layers, so the " +
        "same image gives the same text.",
    )
    .argument("<image>", texts.image)
    .addOption(new Option("--format <format>", "in which format").choices(sbomFormats).default("spdx" as const))
    .option("--platform <platform>", texts.platform)
    .option("--registry <registry>", texts.registry)
    .option("--offline", "of a row: the local store alone")
    .action(
      async (image, options) =>
        await execute(async (context) => await (await import("./run.ts")).sbom(context, { ...options, image })),
    )
  examples(command, [
    ["nbstacks sbom lab > lab.spdx.json", "for the security office"],
    ["nbstacks sbom example.org/lab:1 --format cyclonedx", "of anybody's image"],
  ])
  return command
}
