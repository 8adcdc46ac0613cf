import { Failure } from "../failure.ts"

/** What a variable is; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined

export type Expanded = {
  readonly text: string
  /** Names that were not set and had no default. */
  readonly unset: readonly string[]
}

/** Values are no longer than this: each variable may double the one before. In characters. */
const longest = 64 * 1024
/** How deep `${A:-${B:-…}}` may go. */
const deepest = 100
/** Wildcards in a pattern of `${X%…}`: more take a regular expression too long. */
const mostWildcards = 8

type State = {
  readonly lookup: Lookup
  readonly escape: string
  readonly text: string
  at: number
  depth: number
  readonly unset: string[]
}

/**
 * Expands `$NAME`, `${NAME}` and its forms with `-`, `+`, `?`, `#`, `##`, `%`, `%%`, `/`, `//`, and takes quotes and
 * escapes away, as BuildKit does. What is not set is empty.
 * https://github.com/moby/buildkit/blob/master/frontend/dockerfile/shell/lex.go
 */
export function expand(text: string, lookup: Lookup, escape: string): Expanded {
  const state: State = { lookup, escape, text, at: 0, depth: 0, unset: [] }
  return { text: until(state, ""), unset: state.unset }
}

/** Reads up to an unquoted stop character, or to the end. A pattern keeps its escapes, since they mean something in it. */
function until(state: State, stop: string, raw = false): string {
  let out = ""
  while (state.at < state.text.length) {
    const character = state.text.charAt(state.at)
    if (stop !== "" && stop.includes(character)) return out
    state.at++
    if (character === "'") out += single(state)
    else if (character === '"') out += double(state)
    else if (character === "$") out += dollar(state)
    else if (character === state.escape) out += (raw ? character : "") + state.text.charAt(state.at++)
    else out += character
    if (out.length > longest)
      throw new Failure("cannot", `A variable of a Dockerfile is longer than ${longest} characters`)
  }
  return out
}

function single(state: State): string {
  const end = state.text.indexOf("'", state.at)
  const out = state.text.slice(state.at, end === -1 ? undefined : end)
  state.at = end === -1 ? state.text.length : end + 1
  return out
}

function double(state: State): string {
  let out = ""
  while (state.at < state.text.length) {
    const character = state.text.charAt(state.at++)
    if (character === '"') return out
    if (character === "$") out += dollar(state)
    else if (character === state.escape) {
      const next = state.text.charAt(state.at)
      // Only these are escaped between double quotes; before others the escape character stays.
      if (next === '"' || next === "$" || next === state.escape) state.at++
      out += next === '"' || next === "$" || next === state.escape ? next : character
    } else out += character
  }
  return out
}

function dollar(state: State): string {
  if (state.text.charAt(state.at) === "{") {
    state.at++
    return braces(state)
  }
  const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/.exec(state.text.slice(state.at))?.[0]
  if (name === undefined) return "$"
  state.at += name.length
  return value(state, name)
}

function value(state: State, name: string): string {
  const found = state.lookup(name)
  if (found === undefined) state.unset.push(name)
  return found ?? ""
}

function braces(state: State): string {
  if (++state.depth > deepest) throw new Failure("cannot", `A variable of a Dockerfile is more than ${deepest} deep`)
  const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/.exec(state.text.slice(state.at))?.[0] ?? ""
  state.at += name.length
  const operator = /^(?::[-+?]|[-+?]|##?|%%?|\/\/?)/.exec(state.text.slice(state.at))?.[0] ?? ""
  state.at += operator.length
  const out = operator === "" ? value(state, name) : modified(state, name, operator)
  if (state.text.charAt(state.at) === "}") state.at++
  state.depth--
  return out
}

function modified(state: State, name: string, operator: string): string {
  const found = state.lookup(name)
  const set = found !== undefined && !(operator.startsWith(":") && found === "")
  if (operator.endsWith("-")) {
    if (!set) return until(state, "}")
    skip(state)
    return found
  }
  if (operator.endsWith("+")) {
    if (set) return until(state, "}")
    skip(state)
    return ""
  }
  if (operator.endsWith("?")) {
    skip(state)
    return value(state, name)
  }
  if (found === undefined) state.unset.push(name)
  const pattern = until(state, operator.startsWith("/") ? "/}" : "}", true)
  if (!operator.startsWith("/")) return trimmed(found ?? "", pattern, operator)
  if (state.text.charAt(state.at) === "/") state.at++
  const replacement = until(state, "}")
  const regexp = new RegExp(shellPattern(pattern, true), operator === "//" ? "gs" : "s")
  return (found ?? "").replace(regexp, () => replacement)
}

/** Reads a word that is not used: what is not set in it does not matter. */
function skip(state: State): void {
  const before = state.unset.length
  until(state, "}")
  state.unset.length = before
}

function trimmed(text: string, pattern: string, operator: string): string {
  const greedy = operator.length === 2
  const source = shellPattern(pattern, greedy)
  if (operator.startsWith("#")) return text.replace(new RegExp(`^${source}`, "s"), "")
  const ends = new RegExp(`^${source}$`, "s")
  const starts = Array.from({ length: text.length + 1 }, (_, at) => at)
  const start = (greedy ? starts : starts.toReversed()).find((at) => ends.test(text.slice(at)))
  return start === undefined ? text : text.slice(0, start)
}

/** A shell pattern of `*`, `?` and escapes as a regular expression. */
function shellPattern(pattern: string, greedy: boolean): string {
  if (pattern.split("*").length > mostWildcards + 1)
    throw new Failure("cannot", `\`${pattern.slice(0, 60)}\` in a Dockerfile has more than ${mostWildcards} wildcards`)
  let source = ""
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern.charAt(i)
    if (character === "*") source += greedy ? ".*" : ".*?"
    else if (character === "?") source += "."
    else
      source += (character === "\\" && i + 1 < pattern.length ? pattern.charAt(++i) : character).replace(
        /[^\w]/g,
        "\\$&",
      )
  }
  return source
}
