import { expand } from "./expand.ts"
import type { Instruction, Parsed } from "./instructions.ts"
import { copyVariables, declare, type Setting, type Variables } from "./variables.ts"
import type { Word } from "./words.ts"

export type Base = {
  readonly word: Word
  readonly line: number
  /** With the preamble's arguments filled in. */
  readonly expanded: string
  /** Names in it that have no value. */
  readonly unset: readonly string[]
  /** `--platform`, expanded. */
  readonly platform: string | undefined
}

export type Stage = {
  readonly index: number
  /** In lower case: names of stages have no case. */
  readonly name: string | undefined
  readonly base: Base
  /** The stage that it starts from; undefined for an image. */
  readonly on: number | undefined
  readonly from: Instruction
  readonly commands: readonly Instruction[]
}

export type Staged = {
  readonly stages: readonly Stage[]
  /** Before the first `FROM`. */
  readonly preamble: readonly Instruction[]
  readonly globals: ReadonlyMap<string, string>
}

/** Splits a parsed Dockerfile into stages, with what they start from. */
export function stagesOf(parsed: Parsed, setting: Setting): Staged {
  const { instructions, escape } = parsed
  const first = instructions.findIndex(({ name }) => name === "FROM")
  const preamble = first === -1 ? instructions : instructions.slice(0, first)
  const variables: Variables = copyVariables({ args: new Map(setting.globals), env: new Map(), complete: true })
  for (const one of preamble) if (one.name === "ARG") declare(variables, one, setting)
  const stages: Stage[] = []
  for (const from of first === -1 ? [] : instructions.slice(first)) {
    if (from.name !== "FROM") continue
    const word = from.words[0] ?? { text: "", start: from.end, end: from.end }
    const { text, unset } = expand(word.text, (name) => variables.args.get(name), escape)
    const platform = from.flags.find(({ name }) => name === "platform")?.value
    const named = from.words[1]?.text.toUpperCase() === "AS" ? from.words[2]?.text.toLowerCase() : undefined
    const at = instructions.indexOf(from)
    const next = instructions.findIndex(({ name }, index) => index > at && name === "FROM")
    stages.push({
      index: stages.length,
      name: named,
      base: {
        word,
        line: from.line,
        expanded: text,
        unset,
        platform:
          platform === undefined ? undefined : expand(platform, (name) => variables.args.get(name), escape).text,
      },
      on: stages.findLast(({ name }) => name !== undefined && name === text.toLowerCase())?.index,
      from,
      commands: instructions.slice(at + 1, next === -1 ? undefined : next),
    })
  }
  return { stages, preamble, globals: variables.args }
}

/** The stage that `--from=` or `target` means, by name (of two the later, as in BuildKit) or number. */
export function stageNamed(stages: readonly Stage[], name: string): Stage | undefined {
  const found = stages.findLast((stage) => stage.name === name.toLowerCase())
  return found ?? (/^\d+$/.test(name) ? stages[Number(name)] : undefined)
}

/** What is set where a stage starts that starts from an image. */
export function startOf({ base }: Stage): Variables {
  return { args: new Map(), env: new Map(), complete: base.expanded === "scratch" }
}
