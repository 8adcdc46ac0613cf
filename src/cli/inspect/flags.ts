import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, several, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type InspectOptions = {
  readonly packages?: true | undefined
  readonly layers?: true | undefined
  readonly files?: string | undefined
  readonly why?: string | undefined
  readonly pull?: true | undefined
  readonly having?: readonly string[] | undefined
  readonly bandwidth?: string | undefined
  readonly unpacking?: string | undefined
  readonly html?: string | undefined
  readonly platform?: string | undefined
  readonly registry?: string | undefined
  readonly offline?: true | undefined
  readonly readLayers?: true | undefined
  readonly json?: true | undefined
}

export function inspectCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("inspect")
    .summary("what is in an image: packages, kernels, layers")
    .description(
      "Reads what is in an image from its layers, of this tree or of anybody's: packages of Debian, Alpine, conda, Python, R, " +
        "Julia, npm and TeX, Jupyter's kernels and extensions, and which layer brought each. Nothing of the image is run, " +
        "and what is read of a layer is kept, so that the next image with it is quick.",
    )
    .argument("<image>", texts.image)
    .option("--packages", "every package, a line each")
    .option("--layers", "what packages, layers and files weigh, what is hidden or left behind, and what to do about it")
    .option("--files <path>", "the files below a path, the largest first, and the layer of each")
    .option("--why <package>", "which layer brought a package, who installed it, and where from")
    .option("--pull", "what a node pulls that has nothing, its parent, a sibling, and how long that takes")
    .option("--having <image>", "with --pull: also one that has this image (repeatable)", several)
    .option("--bandwidth <pace>", "with --pull: what comes from the registry, such as 200Mbit/s (1Gbit/s)")
    .option("--unpacking <pace>", "with --pull: what a node unpacks, such as 200MB/s (60MB/s)")
    .option("--html <file>", "write a page for a browser: a map of layers, packages and files, and a table to search")
    .option("--platform <platform>", texts.platform)
    .option("--registry <registry>", texts.registry)
    .option("--offline", "of a row: the local store alone")
    .option("--read-layers", "read the layers, not the evidence that is kept beside the image")
    .option("--json", texts.json)
    .action(
      async (image, options) =>
        await execute(async (context) => await (await import("./run.ts")).inspect(context, { ...options, image })),
    )
  examples(command, [
    ["nbstacks inspect datascience:2021.3", "what is in it?"],
    ["nbstacks inspect example.org/lab:1 --why numpy", "which one, and from where?"],
    ["nbstacks inspect lab --layers", "why is it so large?"],
    ["nbstacks inspect lab --pull", "what does a node pull?"],
    ["nbstacks inspect lab --html lab.html", "to show to somebody"],
    ["nbstacks inspect lab --packages | grep '^deb'", "all of Debian's"],
  ])
  return command
}
