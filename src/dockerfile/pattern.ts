/** True when a source has wildcards as Go's `filepath.Match` knows them. */
export function hasWildcards(pattern: string): boolean {
  return /[*?[]/.test(pattern.replaceAll(/\\./g, ""))
}

/**
 * A pattern of Go's `filepath.Match` as a regular expression: `*`, `?`, `[a-z]`, `[^a-z]` and `\` do not cross `/`.
 * Undefined when it is malformed. https://pkg.go.dev/path/filepath#Match
 *
 * @param deep whether `**` means any depth, as with `COPY --parents`
 */
export function goPattern(pattern: string, deep: boolean): RegExp | undefined {
  let source = ""
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern.charAt(i)
    if (deep && pattern.startsWith("**/", i)) {
      source += "(?:.*/)?"
      i += 2
    } else if (deep && pattern.startsWith("**", i)) {
      source += ".*"
      i += 1
    } else if (character === "*") source += "[^/]*"
    else if (character === "?") source += "[^/]"
    else if (character === "[") {
      const end = classEnd(pattern, i)
      if (end === -1) return undefined
      source += `(?!/)${classOf(pattern.slice(i + 1, end))}`
      i = end
    } else if (character === "\\") {
      if (i + 1 === pattern.length) return undefined
      source += literal(pattern.charAt(++i))
    } else source += literal(character)
  }
  try {
    return new RegExp(`^${source}$`, "su")
  } catch {
    return undefined
  }
}

function classEnd(pattern: string, start: number): number {
  let at = start + 1
  if (pattern.charAt(at) === "^") at++
  const first = at
  for (; at < pattern.length; at++) {
    if (pattern.charAt(at) === "\\") at++
    else if (pattern.charAt(at) === "]" && at > first) return at
  }
  return -1
}

function classOf(inner: string): string {
  const negated = inner.startsWith("^")
  const members = (negated ? inner.slice(1) : inner).replaceAll(
    /\\(.)|([[\]&~])/gsu,
    (_, escaped?: string, plain?: string) => literal(escaped ?? plain ?? ""),
  )
  return `[${negated ? "^" : ""}${members}]`
}

function literal(character: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character
}
