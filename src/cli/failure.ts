import { visible } from "../report/visible.ts"
import { exitCodes, Failure, isFailure } from "../failure.ts"
import type { Colors } from "./io.ts"

const deepest = 6

/** What system errors mean that people can do something about. https://man7.org/linux/man-pages/man3/errno.3.html */
const meanings: Readonly<Record<string, { readonly means: string; readonly hint: string }>> = {
  EACCES: { means: "permission denied", hint: "Give yourself access to it, or use another path" },
  EPERM: { means: "not permitted", hint: "Give yourself access to it, or use another path" },
  EROFS: { means: "the file system is read-only", hint: "Use a path that can be written to" },
  ENOSPC: { means: "no space is left", hint: "Make space on the disk that it is on" },
  EDQUOT: { means: "the quota is used up", hint: "Make space on the disk that it is on" },
  EFBIG: {
    means: "the file is larger than may be",
    hint: "Allow larger files with `ulimit -f`, or use a file system that takes them",
  },
  ENOTDIR: { means: "a part of the path is no folder", hint: "Use another path" },
  EISDIR: { means: "it is a folder, not a file", hint: "Remove the folder, or use another path" },
  ELOOP: { means: "its symbolic links lead in a circle", hint: "Replace the link with a file" },
  EMFILE: { means: "too many files are open", hint: "Allow more with `ulimit -n`, or use fewer `--jobs`" },
  ENFILE: { means: "too many files are open on this machine", hint: "Try again when less is running" },
  ENAMETOOLONG: { means: "the path is too long", hint: "Use a shorter path" },
}

type SystemError = Error & {
  readonly code: string
  readonly path?: unknown
  readonly syscall?: unknown
  readonly port?: number
}

/**
 * An error as a `Failure` where it is one of this machine: a file that may not be read, a full disk, a port in use.
 * Of an error and another one while cleaning up after it, the first. Anything else is given back as it is.
 */
export function asFailure(error: unknown): unknown {
  if (error instanceof SuppressedError) return asFailure(error.suppressed)
  if (isFailure(error) || !(error instanceof Error) || !("code" in error) || typeof error.code !== "string")
    return error
  const { code, path, syscall, port } = error as SystemError
  if (syscall === "listen" && (code === "EADDRINUSE" || code === "EACCES")) {
    const hint = "Choose another with `--port`; 0 takes any free one"
    return new Failure("cannot", code === "EACCES" ? `Port ${port} is reserved` : `Port ${port} is in use`, { hint })
  }
  const known =
    code === "ENOENT" && syscall === "mkdir"
      ? { means: "no folder can be made there", hint: "Use a path that can be written to" }
      : Object.hasOwn(meanings, code)
        ? meanings[code]
        : undefined
  if (known === undefined) return error
  const doing = typeof path === "string" ? `Cannot ${verbOf(syscall)} ${path}` : `Cannot ${verbOf(syscall)} a file`
  return new Failure("cannot", `${doing}: ${known.means}`, { hint: known.hint })
}

function verbOf(syscall: unknown): string {
  if (syscall === "read" || syscall === "scandir" || syscall === "readlink") return "read"
  return syscall === "mkdir" || syscall === "write" || syscall === "rename" ? "write" : "use"
}

/**
 * An error as people see it: the sentence, what caused it, details, and last a hint after an empty line
 * (style: the last line is nearest the prompt).
 */
export function renderFailure(thrown: unknown, colors: Colors): string {
  const error = asFailure(thrown)
  if (!isFailure(error)) return renderBug(error, colors)
  // What files and registries say may have colours of its own.
  const lines = [`${colors.red(colors.bold("error"))}: ${visible(error.message)}`]
  for (const cause of causesOf(error)) {
    lines.push(`  caused by: ${visible(cause instanceof Error ? cause.message : String(cause))}`)
    if (isFailure(cause) && cause.detail !== undefined) lines.push("", indent(visible(cause.detail)))
  }
  if (error.detail !== undefined) lines.push("", indent(visible(error.detail)))
  const hint = hintOf(error)
  if (hint !== undefined) lines.push("", `${colors.cyan("hint")}: ${visible(hint)}`)
  return `${lines.join("\n")}\n`
}

/** The same for a program: the sentence, what caused it, details and a hint, where there are any. */
export function failureJson(thrown: unknown): object {
  const error = asFailure(thrown)
  if (!isFailure(error)) return { code: "bug", message: error instanceof Error ? error.message : String(error) }
  const causes = causesOf(error).map((cause) => (cause instanceof Error ? cause.message : String(cause)))
  const hint = hintOf(error)
  return {
    code: error.code,
    message: error.message,
    ...(causes.length === 0 ? {} : { causes }),
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(hint === undefined ? {} : { hint }),
  }
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
export function exitCodeOf(thrown: unknown): number {
  const error = asFailure(thrown)
  return isFailure(error) ? exitCodes[error.code] : 70
}
