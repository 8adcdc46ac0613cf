import { Failure } from "../failure.ts"
import { shellPattern } from "./shell-pattern.ts"

/** What a variable is; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined

export type Expanded = {
  readonly text: string
  /** Names that were not set and had no default. */
  readonly unset: readonly string[]
  /** Names whose default was taken, or whose `+` word was not, since they were not set. */
  readonly defaulted: readonly string[]
}

/** Values are no longer than this: each variable may double the one before. In characters. */
const longest = 64 * 1024
/** How deep `${A:-${B:-…}}` may go. */
const deepest = 100

type State = {
  readonly lookup: Lookup
  readonly escape: string
  readonly text: string
  at: number
  depth: number
  readonly unset: string[]
  readonly defaulted: string[]
}

/**
 * Expands `$NAME`, `${NAME}` and its forms with `-`, `+`, `?`, `#`, `##`, `%`, `%%`, `/`, `//`, and takes quotes and
 * escapes away, as BuildKit does. What is not set is empty.
 * https://github.com/moby/buildkit/blob/master/frontend/dockerfile/shell/lex.go
 */
export function expand(text: string, lookup: Lookup, escape: string): Expanded {
  const state: State = { lookup, escape, text, at: 0, depth: 0, unset: [], defaulted: [] }
  return { text: until(state, ""), unset: state.unset, defaulted: state.defaulted }
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
  if (found === undefined && /[-+]$/.test(operator)) state.defaulted.push(name)
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
  const matched = shellPattern(pattern)
  if (operator.startsWith("#")) return matched.trimStart(found ?? "", operator.length === 2)
  if (operator.startsWith("%")) return matched.trimEnd(found ?? "", operator.length === 2)
  if (state.text.charAt(state.at) === "/") state.at++
  const replacement = until(state, "}")
  return matched.replace(found ?? "", replacement, operator === "//")
}

/** Reads a word that is not used: what is not set in it does not matter. */
function skip(state: State): void {
  const [before, defaulted] = [state.unset.length, state.defaulted.length]
  until(state, "}")
  state.unset.length = before
  state.defaulted.length = defaulted
}
