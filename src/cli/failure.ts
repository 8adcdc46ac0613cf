import { exitCodes, isFailure, type Failure } from "../failure.ts"
import type { Colors } from "./io.ts"

const deepest = 6

/**
 * An error as people see it: the sentence, what caused it, details, and last a hint after an empty line
 * (style: the last line is nearest the prompt).
 */
export function renderFailure(error: unknown, colors: Colors): string {
  if (!isFailure(error)) return renderBug(error, colors)
  const lines = [`${colors.red(colors.bold("error"))}: ${error.message}`]
  for (const cause of causesOf(error)) {
    lines.push(`  caused by: ${cause instanceof Error ? cause.message : String(cause)}`)
    if (isFailure(cause) && cause.detail !== undefined) lines.push("", indent(cause.detail))
  }
  if (error.detail !== undefined) lines.push("", indent(error.detail))
  const hint = hintOf(error)
  if (hint !== undefined) lines.push("", `${colors.cyan("hint")}: ${hint}`)
  return `${lines.join("\n")}\n`
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `  ${line}`))
    .join("\n")
}

/** The hint of the error itself, or the first one below it. */
export function hintOf(error: Failure): string | undefined {
  return (
    error.hint ??
    causesOf(error)
      .filter(isFailure)
      .find(({ hint }) => hint !== undefined)?.hint
  )
}

function causesOf(error: Error): readonly unknown[] {
  const causes: unknown[] = []
  let cause = error.cause
  while (cause !== undefined && causes.length < deepest) {
    causes.push(cause)
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return causes
}

function renderBug(error: unknown, colors: Colors): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return [
    `${colors.red(colors.bold("error"))}: This is a bug in nbstacks`,
    "",
    indent(text),
    "",
    `${colors.cyan("hint")}: Please report it with the lines above, the command, and the output of \`nbstacks doctor\``,
    "",
  ].join("\n")
}

/** The exit code of an error: 1 to 4 as its kind says, 70 for a bug of ours. */
export function exitCodeOf(error: unknown): number {
  return isFailure(error) ? exitCodes[error.code] : 70
}
