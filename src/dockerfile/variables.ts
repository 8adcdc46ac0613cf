import type { Platform } from "../oci/platform.ts"
import { platformFields } from "../oci/platform.ts"
import { expand, type Lookup } from "./expand.ts"
import type { Instruction } from "./instructions.ts"

/** What is set at some place of a Dockerfile: `ENV` wins over `ARG`. */
export type Variables = { readonly args: Map<string, string>; readonly env: Map<string, string> }

/** A copy that a stage can add to. */
export function copyVariables({ args, env }: Variables): Variables {
  return { args: new Map(args), env: new Map(env) }
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
    const preset = equals === -1 ? globals.get(name) : expand(text.slice(equals + 1), lookupIn(variables), escape).text
    const value = Object.hasOwn(given, name) ? given[name] : preset
    if (value !== undefined) variables.args.set(name, value)
  }
}

/** Carries out an `ENV` of either form: `A=1 B=2`, or `A all the rest`. Values see what was set before the line. */
export function setEnvironment(variables: Variables, { words, rest }: Instruction, escape: string): void {
  const before = lookupIn(copyVariables(variables))
  const [first] = words
  if (first === undefined) return
  if (!first.text.includes("=")) {
    const value = rest.trimStart().slice(first.text.length).trim()
    variables.env.set(first.text, expand(value, before, escape).text)
    return
  }
  for (const { text } of words) {
    const equals = text.indexOf("=")
    if (equals > 0) variables.env.set(text.slice(0, equals), expand(text.slice(equals + 1), before, escape).text)
  }
}
