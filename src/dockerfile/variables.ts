import type { Platform } from "../oci/platform.ts"
import { platformFields } from "../oci/platform.ts"
import { expand, type Expanded, type Lookup } from "./expand.ts"
import type { Instruction } from "./instructions.ts"

/** What is set at some place of a Dockerfile: `ENV` wins over an `ARG` before it. */
export type Variables = {
  readonly args: Map<string, string>
  readonly env: Map<string, string>
  /** Whether nothing else can be set: the chain of stages starts from `scratch`, or this is the preamble. */
  readonly complete: boolean
}

/** A copy that a stage can add to. */
export function copyVariables({ args, env, complete }: Variables): Variables {
  return { args: new Map(args), env: new Map(env), complete }
}

/** How names are looked up in a stage. */
export function lookupIn({ args, env }: Variables): Lookup {
  return (name) => env.get(name) ?? args.get(name)
}

/**
 * Arguments that BuildKit sets by itself. The build platform is taken to be the target's: a host must not decide bytes.
 * https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
 */
export function platformArgs(platform: Platform): ReadonlyMap<string, string> {
  const { os, architecture, variant = "" } = platformFields(platform)
  return new Map(
    ["TARGET", "BUILD"].flatMap((side): [string, string][] => [
      [`${side}PLATFORM`, platform],
      [`${side}OS`, os],
      [`${side}ARCH`, architecture],
      [`${side}VARIANT`, variant],
    ]),
  )
}

/** What BuildKit always takes, declared or not, and what may change the bytes. Proxies do not. */
export function isAlwaysTaken(name: string): boolean {
  return name.startsWith("BUILDKIT_") || name === "SOURCE_DATE_EPOCH"
}

/** The names that an `ARG` instruction declares. */
export function declaredBy({ words }: Instruction): readonly string[] {
  return words.map(({ text }) => text.split("=", 1)[0] ?? "")
}

export type Setting = {
  /** What was given from outside. */
  readonly given: Readonly<Record<string, string>>
  /** Of the preamble, and of the platform. */
  readonly globals: ReadonlyMap<string, string>
  readonly escape: string
}

/** Carries out an `ARG`: what is given, else its default, else the preamble's value. */
export function declare(variables: Variables, instruction: Instruction, { given, globals, escape }: Setting): void {
  for (const { text } of instruction.words) {
    const equals = text.indexOf("=")
    const name = equals === -1 ? text : text.slice(0, equals)
    const preset = equals === -1 ? undefined : expand(text.slice(equals + 1), lookupIn(variables), escape)
    const value = Object.hasOwn(given, name) ? given[name] : equals === -1 ? globals.get(name) : sure(preset, variables)
    if (value !== undefined) variables.args.set(name, value)
    else if (preset !== undefined) variables.args.delete(name)
    // What is set last counts, also where an ENV stands before: so BuildKit does it, whatever its reference says.
    if (value !== undefined || preset !== undefined) variables.env.delete(name)
  }
}

/** Whether an expansion would be another one where more is set. */
export function isOpen({ unset, defaulted }: Expanded): boolean {
  return unset.length > 0 || defaulted.length > 0
}

/** What an expansion gives, unless an image that we do not look into may have set what is missing in it. */
function sure(expanded: Expanded | undefined, { complete }: Variables): string | undefined {
  return expanded === undefined || (isOpen(expanded) && !complete) ? undefined : expanded.text
}

/** Carries out an `ENV` of either form: `A=1 B=2`, or `A all the rest`. Values see what was set before the line. */
export function setEnvironment(variables: Variables, { words, rest }: Instruction, escape: string): void {
  const before = lookupIn(copyVariables(variables))
  const set = (name: string, written: string): void => {
    const value = sure(expand(written, before, escape), variables)
    if (value !== undefined) variables.env.set(name, value)
    else {
      variables.env.delete(name)
      variables.args.delete(name)
    }
  }
  const [first] = words
  if (first === undefined) return
  if (!first.text.includes("=")) {
    set(first.text, rest.trimStart().slice(first.text.length).trim())
    return
  }
  for (const { text } of words) {
    const equals = text.indexOf("=")
    if (equals > 0) set(text.slice(0, equals), text.slice(equals + 1))
  }
}
