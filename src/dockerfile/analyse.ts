import type { Problem } from "../config/row.ts"
import { isFailure } from "../failure.ts"
import { isPlatform, type Platform } from "../oci/platform.ts"
import { parseReference } from "../oci/reference.ts"
import type { AddedUrl, Analysis, AnalyseOptions, Source, Use } from "./analysis.ts"
import { instructionOf, parseDockerfile, type Instruction, type Parsed } from "./instructions.ts"
import { readStage, type StageUses } from "./read-stage.ts"
import { stageNamed, stagesOf, startOf, type Base, type Stage, type Staged } from "./stages.ts"
import { declaredBy, isAlwaysTaken, platformArgs, type Setting } from "./variables.ts"

/** A parsed Dockerfile with its stages, for one set of arguments and one platform. */
export type Understood = { readonly parsed: Parsed; readonly staged: Staged; readonly setting: Setting }

/** Parses a Dockerfile and expands what its stages start from. */
export function understand(text: string, options: Pick<AnalyseOptions, "args" | "platform">): Understood {
  const parsed = parseOnce(text)
  const setting = { given: options.args, globals: platformArgs(options.platform), escape: parsed.escape }
  const staged = stagesOf(parsed, setting)
  return { parsed, staged, setting: { ...setting, globals: staged.globals } }
}

/** Rows share Dockerfiles, with other arguments each: the last few are kept parsed. */
const kept = new Map<string, Parsed>()
const most = 32

function parseOnce(text: string): Parsed {
  const parsed = kept.get(text) ?? parseDockerfile(text)
  kept.delete(text)
  kept.set(text, parsed)
  const [oldest] = kept.keys()
  if (kept.size > most && oldest !== undefined) kept.delete(oldest)
  return parsed
}

/**
 * What a Dockerfile needs from outside: which base, which other images, which files and URLs, which arguments. Only the
 * stages that the target needs count. What is wrong is in `problems`; the rest is then as good as it can be.
 */
export function analyse(text: string, options: AnalyseOptions): Analysis {
  try {
    return analyseStages(text, options)
  } catch (error) {
    if (!isFailure(error)) throw error
    const at = { file: options.file, line: 1, column: 1 }
    return { ...nothing, problems: [{ at, rule: "dockerfile-syntax", message: error.message }] }
  }
}

function analyseStages(text: string, options: AnalyseOptions): Analysis {
  const understood = understand(text, options)
  const { parsed, staged } = understood
  const problems: Problem[] = []
  const complain = (line: number, rule: string, message: string, hint?: string): void => {
    problems.push({
      at: { file: options.file, line, column: 1 },
      rule,
      message,
      ...(hint === undefined ? {} : { hint }),
    })
  }
  for (const { line, message } of parsed.errors) complain(line, "dockerfile-syntax", message)
  for (const { name, line } of staged.preamble)
    if (name !== "ARG") complain(line, "dockerfile-syntax", `${name} stands before the first FROM`)
  const last = staged.stages.at(-1)
  if (last === undefined) {
    complain(1, "dockerfile-syntax", "there is no FROM in this Dockerfile")
    return { ...nothing, problems }
  }
  for (const { base } of staged.stages)
    if (base.word.text === "") complain(base.line, "dockerfile-syntax", "FROM needs an image")
  const wanted = options.target === undefined ? last : stageNamed(staged.stages, options.target)
  if (wanted === undefined) {
    const names = staged.stages.flatMap(({ name }) => name ?? [])
    const hint = names.length === 0 ? "No stage has a name" : `The stages are ${names.join(", ")}`
    complain(last.base.line, "dockerfile-target", `there is no stage \`${options.target}\``, hint)
  }
  const target = wanted ?? last
  const read = readNeeded(understood, target, options)
  const chain = chainOf(staged.stages, target)
  const base = (chain.at(-1) ?? target).base
  const uses = new Map<string, Use>()
  const use = (reference: string, line: number, on?: string): void => {
    if (parseReference(reference) === undefined) {
      complain(line, "dockerfile-image", `\`${reference}\` is neither a stage of this Dockerfile nor an image`)
      return
    }
    const platform = on !== undefined && isPlatform(on) ? on : options.platform
    const key = useKey(reference, platform, options.platform)
    if (!uses.has(key)) uses.set(key, { reference, key, platform, line })
  }
  if (parsed.syntax !== undefined) use(parsed.syntax.text, parsed.syntax.line)
  for (const stage of read.keys()) {
    const other = staged.stages[stage]?.base
    const reached = staged.stages[stage]?.on === undefined && other !== undefined && !sameBase(other, base)
    if (reached && other.expanded !== "scratch") {
      if (other.unset.length > 0) complain(other.line, "dockerfile-image", unsetMessage(other))
      else use(other.expanded, other.line, other.platform)
    }
  }
  for (const stage of read.values()) {
    for (const { line, message, hint, rule } of stage.problems) complain(line, rule, message, hint)
    for (const { reference, line } of stage.images)
      if (reference !== base.expanded && reference !== "scratch") use(reference, line)
  }
  const declared = new Set([
    ...staged.preamble.flatMap((one) => (one.name === "ARG" ? declaredBy(one) : [])),
    ...[...read.values()].flatMap((stage) => stage.declared),
  ])
  const all = [...read.values()]
  return {
    finalBase: {
      written: base.word.text,
      expanded: base.expanded,
      unset: base.unset,
      platform: base.platform,
      line: base.line,
      column: columnOf(text, base.word.start),
    },
    stages: [...read.keys()].sort((a, b) => a - b),
    uses: [...uses.values()].sort((a, b) => (a.key < b.key ? -1 : 1)),
    urls: [...new Map(all.flatMap(({ urls }) => urls).map((one) => [one.url, one])).values()].sort(byUrl),
    sources: all.flatMap(({ sources }) => sources),
    args: Object.fromEntries(
      Object.entries(options.args)
        .filter(([name]) => declared.has(name) || isAlwaysTaken(name))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    unlocked: all.some(({ runs }) => runs),
    triggers: read.get(target.index)?.triggers ?? [],
    problems: problems.sort((a, b) => a.at.line - b.at.line),
  }
}

/** Where the lock keeps the digest of an image for a platform. */
export function useKey(reference: string, platform: Platform, target: Platform): string {
  return platform === target ? reference : `${reference} on ${platform}`
}

/** Whether two stages start from the same image, so that both get the parent. */
export function sameBase(a: Base, b: Base): boolean {
  return a.expanded === b.expanded && a.unset.join() === b.unset.join() && a.platform === b.platform
}

/** The stages from the target down to the one that starts from an image. */
export function chainOf(stages: readonly Stage[], target: Stage): readonly Stage[] {
  const below = target.on === undefined ? undefined : stages[target.on]
  return below === undefined ? [target] : [target, ...chainOf(stages, below)]
}

function readNeeded({ staged, setting }: Understood, target: Stage, options: AnalyseOptions): Map<number, StageUses> {
  const read = new Map<number, StageUses>()
  const { stages } = staged
  const base = (chainOf(stages, target).at(-1) ?? target).base
  const visit = (stage: Stage): StageUses => {
    const known = read.get(stage.index)
    if (known !== undefined) return known
    const below = stage.on === undefined ? undefined : stages[stage.on]
    const under = below === undefined ? undefined : visit(below)
    const inherited = sameBase(stage.base, base) ? (options.triggers ?? []) : []
    const triggers = under?.triggers ?? inherited
    const start = under?.variables ?? startOf(stage)
    const held = triggers.map((line) => triggered(line, stage.base.line, setting.escape))
    const result = readStage({
      commands: [...held, ...stage.commands],
      start,
      setting,
      isStage: (name) => stageNamed(stages, name) !== undefined,
    })
    read.set(stage.index, result)
    for (const name of result.stages) {
      const other = stageNamed(stages, name)
      if (other !== undefined) visit(other)
    }
    return result
  }
  visit(target)
  return read
}

/** A trigger of a base as an instruction that stands after `FROM`. */
function triggered(text: string, line: number, escape: string): Instruction {
  const places = Array.from({ length: text.length }, () => 0)
  return { ...instructionOf({ text, places }, { line, escape }), end: 0 }
}

function unsetMessage({ word, unset }: Base): string {
  return `\`${word.text}\` needs a value for ${unset.join(", ")}`
}

function byUrl(a: AddedUrl, b: AddedUrl): number {
  return a.url < b.url ? -1 : a.url > b.url ? 1 : 0
}

function columnOf(text: string, offset: number): number {
  return offset - text.lastIndexOf("\n", offset - 1)
}

const nothing: Omit<Analysis, "problems"> = {
  finalBase: { written: "", expanded: "", unset: [], platform: undefined, line: 1, column: 1 },
  stages: [],
  uses: [],
  urls: [],
  sources: [] satisfies readonly Source[],
  args: {},
  unlocked: false,
  triggers: [],
}
