/** One challenge of a `WWW-Authenticate` header; names in lower case. */
export type Challenge = { readonly scheme: string; readonly parameters: Readonly<Record<string, string>> }

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const quoted = /"((?:[^"\\]|\\.)*)"/sy
const space = /[ \t]*/y
const separators = /[ \t,]*/y

/**
 * Reads all challenges of a `WWW-Authenticate` header, several of which may share one line (RFC 9110, 11.6.1).
 * What cannot be read ends the list. A `token68` in place of parameters is skipped.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, 8192)
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text) ?? undefined
    if (found !== undefined) at += found[0].length
    return found
  }
  /** A name and its value; nothing is taken if that is not what follows. */
  const takeParameter = (): readonly [string, string] | undefined => {
    const start = at
    take(separators)
    const name = take(token)?.[0]
    take(space)
    if (name !== undefined && text[at] === "=") {
      at += 1
      take(space)
      const value = take(quoted)?.[1]?.replaceAll(/\\(.)/gs, "$1") ?? take(token)?.[0]
      if (value !== undefined) return [name.toLowerCase(), value]
    }
    at = start
    return undefined
  }

  const challenges: Challenge[] = []
  for (;;) {
    take(separators)
    const scheme = take(token)?.[0]
    if (scheme === undefined) return challenges
    const parameters: Record<string, string> = Object.create(null) as Record<string, string>
    for (let found = takeParameter(); found !== undefined; found = takeParameter()) parameters[found[0]] ??= found[1]
    if (Object.keys(parameters).length === 0) take(/[ \t]+[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y)
    challenges.push({ scheme: scheme.toLowerCase(), parameters: { ...parameters } })
    take(space)
    if (text[at] !== ",") return challenges
  }
}
