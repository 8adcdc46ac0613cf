import type { z } from "zod"
import { either, fields, list, map, matching, someText, whole, word } from "./texts.ts"
import type { WrittenChecks } from "./written.ts"

const kernel = (): z.ZodString =>
  matching(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
    rule: "kernel-name",
    sentence: "must be a kernel's name, such as python3 (letters, digits, `.`, `_` and `-`)",
    description: "The name of a kernel's folder, as `jupyter kernelspec list` shows it.",
  })

const moduleName = (): z.ZodString =>
  matching(/^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/, {
    rule: "module-name",
    sentence: "must be a module's name, such as numpy or matplotlib.pyplot",
    description: "A module as the kernel's language imports it.",
  })

const seconds = either(
  [
    whole(1, 86_400),
    matching(/^[1-9][0-9]{0,4}[smh]$/, {
      rule: "duration",
      sentence: "must be seconds, or a time such as 90s, 10m or 1h",
      description: "A time such as `90s`, `10m` or `1h`.",
    }),
  ],
  "must be seconds, or a time such as 90s, 10m or 1h",
)

const imports = either(
  [
    list(moduleName(), "modules"),
    map(kernel(), list(moduleName(), "modules").describe("Modules for this kernel."), "kernels to lists of modules"),
  ],
  "must be a list of modules, or a map of kernels to lists of modules",
)
  .describe("Modules that are imported in the kernel: a list for `python3`, or a map of kernels to lists. Inherited.")
  .optional()

const notebooks = list(someText("A path or glob below the tree's folder."), "notebooks")
  .describe("Notebooks that run to their end: paths or globs below the tree's folder. Not inherited.")
  .optional()

const command = either(
  [
    someText("The command."),
    fields({
      run: someText("The command, for `/bin/sh -c`."),
      timeout: seconds.describe("How long it may take; 5m without this.").optional(),
    }),
  ],
  "must be a command, or a map with `run` and `timeout`",
)

const commands = list(command, "commands")
  .describe("Commands that must exit 0, run by `/bin/sh -c` as the image's user; their output is kept. Inherited.")
  .optional()

const path = either(
  [
    matching(/^\/[^\s?#]*$/, { rule: "url-path", sentence: "must start with `/`", description: "The path." }),
    fields({
      path: matching(/^\/[^\s?#]*$/, {
        rule: "url-path",
        sentence: "must start with `/`",
        description: "Below the server's base URL, such as `/vscode`.",
      }),
      status: whole(100, 599).describe("The HTTP status it must answer; 200 without this.").optional(),
    }),
  ],
  "must be a path such as /vscode, or a map with `path` and `status`",
)

/** `checks`: what must hold before an image is tagged. */
export const checksSchema: z.ZodType<WrittenChecks> = fields({
  profile: word(
    ["none", "jupyter"],
    "`jupyter` starts the image's server and works with it; `none` allows `imports` and `commands` only. A child may not go back to `none`.",
  ).optional(),
  kernels: list(kernel(), "kernels").describe("Kernels that must be in the menu and run a cell. Inherited.").optional(),
  imports,
  notebooks,
  timeout: seconds
    .describe("How long a notebook may take: seconds, or text such as `10m`; 10m without this.")
    .optional(),
  paths: list(path, "paths").describe("Paths that must answer over HTTP, such as `/vscode` or `/rstudio`.").optional(),
  commands,
  later: map(
    matching(/^[a-z][a-z0-9-]*$/, {
      rule: "later-name",
      sentence: "must be a name in small letters, such as gpu",
      description: "What the checks need, such as `gpu`.",
    }),
    fields({ imports, notebooks, commands }).describe("Checks that need this."),
    "names to checks",
  )
    .describe("Checks that need what the building machine may lack, such as a GPU, by name. Recorded as not run.")
    .optional(),
})
