import type { AddedUrl, Source } from "./analysis.ts"
import { expand, type Expanded } from "./expand.ts"
import { heredocOf } from "./heredoc.ts"
import type { Instruction } from "./instructions.ts"
import { mountOf } from "./mounts.ts"
import {
  copyVariables,
  declare,
  declaredBy,
  lookupIn,
  isOpen,
  setEnvironment,
  type Setting,
  type Variables,
} from "./variables.ts"

type StageProblem = {
  readonly line: number
  readonly rule: string
  readonly message: string
  readonly hint?: string
}

/** What one stage uses. */
export type StageUses = {
  readonly sources: readonly Source[]
  readonly urls: readonly AddedUrl[]
  /** Other stages, as named. */
  readonly stages: readonly string[]
  readonly images: readonly { readonly reference: string; readonly line: number }[]
  readonly declared: readonly string[]
  readonly runs: boolean
  /** Its own `ONBUILD` instructions. */
  readonly triggers: readonly string[]
  /** What is set at its end. */
  readonly variables: Variables
  readonly problems: readonly StageProblem[]
}

export type StageInput = {
  readonly commands: readonly Instruction[]
  readonly start: Variables
  readonly setting: Setting
  readonly isStage: (name: string) => boolean
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] }

/** Goes through a stage in order, since what is set decides what later lines mean. */
export function readStage({ commands, start, setting, isStage }: StageInput): StageUses {
  const variables = copyVariables(start)
  const uses: Writable<StageUses> = {
    sources: [],
    urls: [],
    stages: [],
    images: [],
    declared: [],
    runs: false,
    triggers: [],
    variables,
    problems: [],
  }
  const fill = (text: string): Expanded => expand(text, lookupIn(variables), setting.escape)
  const other = (written: string, line: number): void => {
    const { text, unset } = fill(written)
    if (unset.length > 0)
      uses.problems.push({
        line,
        rule: "dockerfile-image",
        message: `\`${written}\` needs a value for ${unset.join(", ")}`,
      })
    else if (isStage(text)) uses.stages.push(text)
    else if (/^\d+$/.test(text))
      uses.problems.push({
        line,
        rule: "dockerfile-image",
        message: `there is no stage ${text}: the first one is 0`,
      })
    else uses.images.push({ reference: text, line })
  }
  for (const command of commands) {
    const { name, line } = command
    if (name === "ARG") {
      declare(variables, command, setting)
      uses.declared.push(...declaredBy(command))
    } else if (name === "ENV") setEnvironment(variables, command, setting.escape)
    else if (name === "ONBUILD") uses.triggers.push(command.rest.trim())
    else if (name === "RUN") {
      uses.runs = true
      for (const flag of command.flags) {
        if (flag.name !== "mount") continue
        const mount = mountOf(flag)
        if (mount.from !== undefined) other(mount.from, line)
        else if (mount.type === "bind")
          uses.sources.push({
            ...sourceOf(fill(mount.source), variables),
            exclude: [],
            parents: false,
            literal: true,
            line,
          })
      }
    } else if (name === "COPY" || name === "ADD") {
      const from = command.flags.find((flag) => flag.name === "from")?.value
      if (from === undefined) takeSources(command, { uses, fill, variables })
      else other(from, line)
    }
  }
  return uses
}

type Taking = {
  readonly uses: Writable<StageUses>
  readonly fill: (text: string) => Expanded
  readonly variables: Variables
}

function takeSources(command: Instruction, { uses, fill, variables }: Taking): void {
  const { line, flags } = command
  const has = (name: string): boolean => flags.some((flag) => flag.name === name && flag.value !== "false")
  const exclude = flags.flatMap((flag) =>
    flag.name === "exclude" && flag.value !== undefined ? fill(flag.value).text : [],
  )
  const written = command.words.slice(0, -1).map(({ text }) => text)
  if (command.words.length < 2)
    uses.problems.push({ line, rule: "dockerfile-syntax", message: `${command.name} needs a source and a destination` })
  for (const text of written) {
    if (!command.json && heredocOf(text) !== undefined) continue
    const filled = fill(text)
    if (command.name === "ADD" && isRemote(filled.text))
      addRemote(filled, { command, uses, several: written.length > 1 })
    else uses.sources.push({ ...sourceOf(filled, variables), exclude, parents: has("parents"), literal: false, line })
  }
}

/** A variable that only the base can have set may be anything: then the whole context counts. */
function sourceOf(expanded: Expanded, { complete }: Variables): Pick<Source, "pattern"> {
  return { pattern: isOpen(expanded) && !complete ? "." : expanded.text }
}

function isRemote(text: string): boolean {
  return /^(?:https?|git|ssh):\/\//.test(text) || /^[\w.-]+@[\w.-]+:/.test(text)
}

/** As BuildKit tells a repository from a file: by `.git` at the end of the path, or by the scheme. */
function isRepository(text: string): boolean {
  return !/^https?:\/\//.test(text) || /\.git(?:[#?].*)?$/.test(text)
}

type Adding = { readonly command: Instruction; readonly uses: Writable<StageUses>; readonly several: boolean }

function addRemote({ text, unset }: Expanded, { command, uses, several }: Adding): void {
  const { line, flags } = command
  const complain = (message: string, hint: string): void => {
    uses.problems.push({ line, rule: "dockerfile-url", message, hint })
  }
  if (unset.length > 0) complain(`\`${text}\` needs a value for ${unset.join(", ")}`, "Give it a default with ARG")
  else if (isRepository(text)) {
    if (!/#[0-9a-f]{40}(?::|$)/.test(text))
      complain(`\`${text}\` is a Git repository without a commit`, "Write the 40 digits of the commit after `#`")
  } else if (several) complain("an ADD with a URL and other sources cannot be pinned", "Write one ADD for each URL")
  else if (!flags.some((flag) => flag.name === "checksum")) uses.urls.push({ url: text, line })
}
