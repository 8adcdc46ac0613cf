import { heredocsOf } from "./heredoc.ts"
import { splitQuoted, splitWords, takeFlags, wordAt, type Flag, type LogicalLine, type Word } from "./words.ts"

/** An instruction with its continuation lines and here-documents. */
export type Instruction = {
  /** In upper case. */
  readonly name: string
  /** Counted from 1: where it starts. */
  readonly line: number
  readonly flags: readonly Flag[]
  /** Split as this instruction is; a JSON array gives its strings. */
  readonly words: readonly Word[]
  /** Whether the arguments are a JSON array. */
  readonly json: boolean
  /** The arguments after the flags, continuations joined. */
  readonly rest: string
  /** Offset in the file of the character after its last line, the line break included. */
  readonly end: number
}

type Directives = {
  /** The image of `# syntax=`, and its place. */
  readonly syntax: (Word & { readonly line: number }) | undefined
  readonly escape: "\\" | "`"
}

type ParseError = { readonly line: number; readonly message: string }

export type Parsed = Directives & {
  readonly instructions: readonly Instruction[]
  readonly errors: readonly ParseError[]
}

const directiveShape = /^(?:#|\/\/)\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/d

/** Stages that are looked at; nobody has as many. */
const mostStages = 500

type Line = { readonly text: string; readonly start: number; readonly end: number }

/**
 * Splits a Dockerfile into instructions as BuildKit does: directives, the escape character, continuations over
 * comments and empty lines, here-documents. Nothing is expanded and no instruction is judged.
 * https://github.com/moby/buildkit/blob/master/frontend/dockerfile/parser/parser.go
 */
export function parseDockerfile(text: string): Parsed {
  const lines = linesOf(text)
  const { syntax, escape } = directivesOf(lines)
  const instructions: Instruction[] = []
  const errors: ParseError[] = []
  for (let index = 0; index < lines.length;) {
    const first = index
    const { line, next } = joinLines(lines, index, escape)
    index = next
    if (line.text.trim() === "") continue
    const taken = instructionOf(line, { line: first + 1, escape })
    const heredocs = taken.json ? [] : heredocsOf(taken, escape)
    for (const { name, chomp } of heredocs) {
      const ends = (one: Line): boolean => (chomp ? one.text.replace(/^\t+/, "") : one.text) === name
      let close = index
      for (let one = lines[close]; one !== undefined && !ends(one); one = lines[close]) close++
      if (close >= lines.length) errors.push({ line: first + 1, message: `the here-document ${name} does not end` })
      index = Math.min(lines.length, close + 1)
    }
    instructions.push({ ...taken, end: lines[index - 1]?.end ?? text.length })
  }
  const stages = instructions.filter(({ name }) => name === "FROM")
  const extra = stages[mostStages]
  if (extra === undefined) return { syntax, escape, instructions, errors }
  return {
    syntax,
    escape,
    instructions: instructions.slice(0, instructions.indexOf(extra)),
    errors: [...errors, { line: extra.line, message: `there are more than ${mostStages} stages` }],
  }
}

function linesOf(text: string): readonly Line[] {
  const lines: Line[] = []
  const pattern = /([^\n]*?)(\r?\n|\r?$)/y
  pattern.lastIndex = text.startsWith("\uFEFF") ? 1 : 0
  while (pattern.lastIndex < text.length) {
    const start = pattern.lastIndex
    const match = pattern.exec(text)
    if (match === null) break
    lines.push({ text: match[1] ?? "", start, end: start + match[0].length })
  }
  return lines
}

/** Directives stand before everything else, comments included. A line `#!…` may come first. */
function directivesOf(lines: readonly Line[]): Directives {
  let syntax: Directives["syntax"]
  let escape: Directives["escape"] = "\\"
  for (const [index, line] of lines.entries()) {
    if (index === 0 && line.text.startsWith("#!")) continue
    const match = directiveShape.exec(line.text)
    if (match === null) break
    const [, name = "", value = ""] = match
    const [from, to] = match.indices?.[2] ?? [0, 0]
    if (name.toLowerCase() === "syntax" && syntax === undefined)
      syntax = { text: value, start: line.start + from, end: line.start + to, line: index + 1 }
    if (name.toLowerCase() === "escape" && value === "`") escape = "`"
  }
  return { syntax, escape }
}

function isComment(text: string): boolean {
  return /^\s*#/.test(text)
}

/** Joins a line with those that it continues on; comments and empty lines between them fall away. */
function joinLines(lines: readonly Line[], from: number, escape: string): { line: LogicalLine; next: number } {
  const ending = new RegExp(`(^|[^\\${escape}])\\${escape}[ \\t]*$`)
  let text = ""
  const places: number[] = []
  for (let index = from; index < lines.length; index++) {
    const line = lines[index]
    if (line === undefined) break
    if (isComment(line.text)) {
      if (index === from) return { line: { text: "", places: [] }, next: index + 1 }
      continue
    }
    if (index > from && line.text.trim() === "") continue
    const match = ending.exec(line.text)
    const kept = match === null ? line.text : line.text.slice(0, match.index + (match[1] ?? "").length)
    for (let i = 0; i < kept.length; i++) places.push(line.start + i)
    text += kept
    if (match === null) return { line: { text, places }, next: index + 1 }
  }
  return { line: { text, places }, next: lines.length }
}

type At = { readonly line: number; readonly escape: string }

const quoted = new Set(["ARG", "ENV", "LABEL"])

/** One instruction from a joined line. */
export function instructionOf(line: LogicalLine, { line: number, escape }: At): Omit<Instruction, "end"> {
  const [, space = "", keyword = ""] = /^(\s*)(\S+)/.exec(line.text) ?? []
  const name = keyword.toUpperCase()
  const { flags, rest } = takeFlags(line, space.length + keyword.length, escape)
  const json = quoted.has(name) || name === "FROM" ? undefined : jsonWords(line, rest)
  const words = json ?? (quoted.has(name) ? splitQuoted(line, rest, escape) : splitWords(line, rest))
  return { name, line: number, flags, words, json: json !== undefined, rest: line.text.slice(rest) }
}

function jsonWords(line: LogicalLine, from: number): readonly Word[] | undefined {
  const text = line.text.slice(from).trim()
  if (!text.startsWith("[")) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (!Array.isArray(value) || !value.every((one) => typeof one === "string")) return undefined
    const whole = wordAt(line, from, line.text.length)
    return value.map((one: string) => ({ text: one, start: whole.start, end: whole.end }))
  } catch {
    return undefined
  }
}
