import type { CommandUnknownOpts } from "@commander-js/extra-typings"
import { runtimeNames } from "../../checks/runtime/runtime.ts"

/** What may stand for a value: these words, rows of the tree, folders, files, or what nobody can list. */
export type Values = readonly string[] | "rows" | "folders" | "files" | "unknown"

export type CompletedOption = {
  /** As written, such as `--only` and `-C`. */
  readonly names: readonly string[]
  readonly summary: string
  /** Undefined for an option that takes none. */
  readonly value: Values | undefined
}

/** A command as far as completing it needs. */
export type Completed = {
  /** Names from the program down, with spaces: `store serve`; empty for the program. */
  readonly place: string
  readonly summary: string
  readonly commands: readonly { readonly name: string; readonly summary: string }[]
  readonly options: readonly CompletedOption[]
  /** What its arguments are. */
  readonly rest: Values
}

/** The program and all commands below it, from their declarations. */
export function declared(program: CommandUnknownOpts): readonly Completed[] {
  return [
    completed(program, "", program),
    ...program.commands.flatMap((command) => [
      completed(command, command.name(), program),
      ...command.commands.map((below) => completed(below, `${command.name()} ${below.name()}`, program)),
    ]),
  ]
}

function completed(command: CommandUnknownOpts, place: string, program: CommandUnknownOpts): Completed {
  const own = command.options.filter(({ hidden }) => !hidden)
  const options = (
    command === program ? own : [...own, ...program.options.filter(({ long }) => long === "--directory")]
  ).map(({ short, long, description, required, argChoices }): CompletedOption => ({
    names: [short, long].filter((name) => name !== undefined),
    summary: description,
    value: required ? (argChoices ?? valuesOf(long ?? "")) : undefined,
  }))
  const [argument] = command.registeredArguments
  return {
    place,
    summary: command.summary(),
    commands: command.commands.map((below) => ({ name: below.name(), summary: below.summary() })),
    options: [...options, { names: ["-h", "--help"], summary: "print this help", value: undefined }],
    rest:
      place === "help"
        ? program.commands.map((one) => one.name())
        : (argument?.argChoices ?? (/^rows?$/.test(argument?.name() ?? "") ? "rows" : "unknown")),
  }
}

function valuesOf(option: string): Values {
  if (option === "--only" || option === "--except") return "rows"
  if (option === "--runtime") return runtimeNames
  if (option === "--directory") return "folders"
  return ["--events", "--out", "--plan", "--junit", "--html"].includes(option) ? "files" : "unknown"
}

/** Options that take a value, of all commands, each name once and sorted. */
export function namesWithValue(commands: readonly Completed[]): readonly string[] {
  const all = commands.flatMap(({ options }) => options.filter(({ value }) => value !== undefined))
  return [...new Set(all.flatMap(({ names }) => names))].sort()
}

/** Names of options by the values that they take. */
export function namesByValues(
  commands: readonly Completed[],
): ReadonlyMap<string, { names: readonly string[]; value: Values }> {
  const found = new Map<string, { names: readonly string[]; value: Values }>()
  for (const { names, value } of commands.flatMap(({ options }) => options)) {
    if (value === undefined || value === "unknown") continue
    const key = JSON.stringify(value)
    found.set(key, { names: [...new Set([...(found.get(key)?.names ?? []), ...names])].sort(), value })
  }
  return found
}
