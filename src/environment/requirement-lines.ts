/** A line of a requirements file with its continuations joined; `line` counts from 1, where it starts. */
export type RequirementLine = { readonly text: string; readonly line: number }

/**
 * The lines of a requirements file as pip reads them: joined where they end with `\`, comments and empty lines left out.
 * A comment ends a continuation. https://pip.pypa.io/en/stable/reference/requirements-file-format/#line-continuations
 */
export function requirementLines(text: string): readonly RequirementLine[] {
  const lines: RequirementLine[] = []
  let joined = ""
  let start = 0
  const finish = (): void => {
    const plain = joined.replace(/(?:^|\s)#.*$/s, "").trim()
    if (plain !== "") lines.push({ text: plain, line: start })
    joined = ""
  }
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .entries()) {
    if (joined === "") start = index + 1
    const comment = /^\s*#/.test(line)
    const continued = !comment && line.endsWith("\\")
    // A comment among continued lines gets its own space, so that it is taken away and not glued to a word.
    joined += comment ? ` ${line}` : continued ? line.slice(0, -1) : line
    if (!continued) finish()
  }
  finish()
  return lines
}

export type LineKind =
  | { readonly kind: "include"; readonly path: string }
  | { readonly kind: "ignored" }
  | { readonly kind: "refused"; readonly message: string; readonly hint?: string }
  | { readonly kind: "requirement" }

/** Options that change nothing where everything is pinned, hashed and a wheel. */
const harmless = new Set(["--require-hashes", "--prefer-binary", "--only-binary"])
const indexes = new Set([
  "-i",
  "--index-url",
  "--extra-index-url",
  "-f",
  "--find-links",
  "--no-index",
  "--trusted-host",
])

/** What a line is: an option of pip, or a requirement. */
export function lineKind(text: string): LineKind {
  const [, option = "", value = ""] = /^(-[A-Za-z]|--[A-Za-z-]+)(?:\s*=\s*|\s*)(.*)$/s.exec(text) ?? []
  if (option === "") return { kind: "requirement" }
  if (option === "-r" || option === "--requirement")
    return value === ""
      ? { kind: "refused", message: `${option} names no file` }
      : { kind: "include", path: value.replace(/^(["'])(.*)\1$/, "$2") }
  if (harmless.has(option)) return { kind: "ignored" }
  if (indexes.has(option))
    return {
      kind: "refused",
      message: `${option} is not taken from a file: your own configuration says where packages come from`,
      hint: "Remove the line, and set it with `pip config` or UV_INDEX",
    }
  if (option === "-e" || option === "--editable")
    return {
      kind: "refused",
      message: "an editable package cannot be locked",
      hint: "Build a wheel and put it on an index",
    }
  if (option === "-c" || option === "--constraint")
    return {
      kind: "refused",
      message: "constraints are not read: everything is pinned already",
      hint: "Give them to the command that writes the pins",
    }
  return { kind: "refused", message: `${option} is not understood`, hint: "Remove the line" }
}
