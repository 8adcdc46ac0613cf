import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { examples, positive, several, texts } from "../options.ts"
import type { Execute } from "../program.ts"

export type PublishOptions = {
  readonly only?: readonly string[] | undefined
  readonly except?: readonly string[] | undefined
  readonly platform?: string | undefined
  readonly registry?: string | undefined
  readonly plan?: string | undefined
  readonly runtime?: string | undefined
  readonly jobs?: number | undefined
  readonly dryRun?: true | undefined
  readonly push: boolean
  readonly allowDirty?: true | undefined
  readonly renewEvidence?: true | undefined
  readonly sign?: string | undefined
  readonly junit?: string | undefined
  readonly events?: string | undefined
  readonly json?: true | undefined
}

export function publishCommand(execute: Execute): CommandUnknownOpts {
  const command = new Command("publish")
    .summary("plan, build, check, record the release, tag")
    .description(
      "Builds and checks what changed, pushes by digest, records the release, then tags. Nothing is tagged that was not " +
        "checked. Interrupted, run it again: it finishes and builds nothing twice.",
    )
    .option("--only <row>", "only this row or image; the others keep their image (repeatable)", several)
    .option("--except <row>", texts.except, several)
    .option("--platform <platform>", texts.platform)
    .option("--registry <registry>", texts.registry)
    .option("--plan <file>", "run a saved plan; refused when its inputs have changed")
    .option("--runtime <runtime>", texts.runtime)
    .option("--jobs <number>", texts.jobs, positive)
    .option("--dry-run", "print what would be built and tagged, and stop")
    .option("--no-push", "for pull requests: build and check, keep nothing but the local store")
    .option("--allow-dirty", "publish with changes that are not committed; the release says so")
    .option("--sign <key>", "sign with this private key: a file, env://NAME, or `keyless` in a CI system")
    .option("--renew-evidence", "write what is kept beside images anew, also of those that did not change")
    .option("--junit <file>", "write the results of the checks as JUnit XML")
    .option("--events <file>", texts.events)
    .option("--json", texts.json)
    .action(
      async (options) => await execute(async (context) => await (await import("./run.ts")).publish(context, options)),
    )
  examples(command, [
    ["nbstacks publish", "the whole tree, as one release"],
    ["nbstacks publish --dry-run", "what that would do"],
    ["nbstacks publish --no-push", "what a pull request runs"],
  ])
  return command
}
