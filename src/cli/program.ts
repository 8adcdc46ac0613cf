import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings"
import { resolve } from "node:path"
import { meant } from "../config/nearest.ts"
import { budgetCommand } from "./budget/flags.ts"
import { buildCommand } from "./build/flags.ts"
import { cacheCommand } from "./cache/flags.ts"
import { checkCommand } from "./check/flags.ts"
import { completionCommand } from "./completion/flags.ts"
import type { Context } from "./context.ts"
import { diffCommand } from "./diff/flags.ts"
import { doctorCommand } from "./doctor/flags.ts"
import { initCommand } from "./init/flags.ts"
import { inspectCommand } from "./inspect/flags.ts"
import { layersCommand } from "./layers/flags.ts"
import { lockCommand } from "./lock/flags.ts"
import { pageCommand } from "./page/flags.ts"
import { planCommand } from "./plan/flags.ts"
import { publishCommand } from "./publish/flags.ts"
import { runCommand } from "./run/flags.ts"
import { sbomCommand } from "./sbom/flags.ts"
import { schemaCommand } from "./schema/flags.ts"
import { verifyCommand } from "./verify/flags.ts"
import { storeCommand } from "./store/flags.ts"
import { treeCommand } from "./tree/flags.ts"

/** Runs what a command line asked for, once it is parsed. The runner is imported only then. */
export type Execute = (run: (context: Context) => Promise<number>) => Promise<void>

/** All commands, declared: help, completion and the reference are read from here. */
export function makeProgram(execute: Execute, version: string): Command<[], { directory?: string | undefined }> {
  const program = new Command("nbstacks")
    .description("Turns a repository of notebook environments into tested, published container images")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .option("-C, --directory <dir>", "work on the nbstacks.yaml of this folder")
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError(false)
    .addHelpText(
      "before",
      [
        "Start:",
        "  $ nbstacks init        write an nbstacks.yaml that works at once",
        "  $ nbstacks plan        what would be built, and because of what",
        "  $ nbstacks publish     build, check, release and tag the tree",
        "",
      ].join("\n"),
    )
  const commands: readonly CommandUnknownOpts[] = [
    initCommand(execute),
    treeCommand(execute),
    lockCommand(execute),
    planCommand(execute),
    buildCommand(execute),
    checkCommand(execute),
    runCommand(execute),
    publishCommand(execute),
    inspectCommand(execute),
    diffCommand(execute),
    sbomCommand(execute),
    pageCommand(execute),
    verifyCommand(execute),
    budgetCommand(execute),
    layersCommand(execute),
    doctorCommand(execute),
    storeCommand(execute),
    cacheCommand(execute),
    schemaCommand(execute),
    completionCommand(execute),
  ]
  for (const command of [...commands, helpCommand(program)]) program.addCommand(command.copyInheritedSettings(program))
  return program
}

/** Ours, since commander's own answers an unknown name with the help of the whole program and no error. */
function helpCommand(program: CommandUnknownOpts): CommandUnknownOpts {
  return new Command("help")
    .summary("print the help of a command")
    .description("Prints the help of a command, or of the whole program.")
    .argument("[command...]", "the command, such as `store serve`")
    .action((names) => {
      let found = program
      for (const name of names) {
        const next = found.commands.find((one) => one.name() === name)
        if (next === undefined) {
          const all = found.commands.map((one) => one.name())
          const hint = all.length === 0 ? undefined : meant(name, all)
          found.error(`error: unknown command '${name}'${hint === undefined ? "" : `\n${hint}`}`, {
            code: "commander.unknownCommand",
          })
        }
        found = next ?? found
      }
      found.outputHelp()
    })
}

/** The folder that `-C` names, or the current one. */
export function folderOf(directory: string | undefined, current: string): string {
  return directory === undefined ? current : resolve(current, directory)
}
