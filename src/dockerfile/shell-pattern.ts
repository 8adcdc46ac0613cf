import { Failure } from "../failure.ts"

/** One step of a pattern: a character, any one (`?`), or any number of any (`*`). */
type Token = { readonly kind: "character"; readonly character: string } | { readonly kind: "one" | "many" }

/**
 * A shell pattern of `*`, `?` and escapes, for the forms of `${NAME…}`. Every match is found in time that grows with
 * text × pattern.
 */
export type ShellPattern = {
  /** The text without the shortest or longest match at its beginning; all of it where there is none. */
  readonly trimStart: (text: string, longest: boolean) => string
  /** The same at its end. */
  readonly trimEnd: (text: string, longest: boolean) => string
  /** The text with the first match from the left, as long as it can be, replaced; or all of them. */
  readonly replace: (text: string, replacement: string, all: boolean) => string
}

/** In characters: matching takes pattern × text. */
const longestPattern = 256

/**
 * Reads a shell pattern; fails with `cannot` where it is longer than any that people write. Regular expressions are
 * not used: `*a*a*b` on a long word takes one for ever.
 * https://github.com/moby/buildkit/blob/master/frontend/dockerfile/shell/lex.go
 */
export function shellPattern(pattern: string): ShellPattern {
  if (pattern.length > longestPattern)
    throw new Failure(
      "cannot",
      `\`${pattern.slice(0, 60)}…\` in a Dockerfile is longer than ${longestPattern} characters`,
    )
  const tokens = tokensOf(pattern)
  const backwards = tokens.toReversed()
  return {
    trimStart: (text, longest) => text.slice(matchAt(tokens, text, 0)[longest ? "longest" : "shortest"] ?? 0),
    trimEnd: (text, longest) =>
      text.slice(0, text.length - (matchAt(backwards, reversed(text), 0)[longest ? "longest" : "shortest"] ?? 0)),
    replace: (text, replacement, all) => replaced(tokens, text, { replacement, all }),
  }
}

function tokensOf(pattern: string): readonly Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at)
    if (character === "*") {
      // Two of them mean what one does.
      if (tokens.at(-1)?.kind !== "many") tokens.push({ kind: "many" })
    } else if (character === "?") tokens.push({ kind: "one" })
    else if (character === "\\" && at + 1 < pattern.length)
      tokens.push({ kind: "character", character: pattern.charAt(++at) })
    else tokens.push({ kind: "character", character })
  }
  return tokens
}

type Match = {
  /** Lengths; undefined where nothing matches. */
  readonly shortest: number | undefined
  readonly longest: number | undefined
  /** A `*` was reached: what did not match then matches nowhere further right either. */
  readonly passedMany: boolean
}

/** All places in the pattern where one may be are followed at once, character by character. */
function matchAt(tokens: readonly Token[], text: string, start: number): Match {
  let [shortest, longest]: [number | undefined, number | undefined] = [undefined, undefined]
  let passedMany = false
  let places = new Set<number>()
  const enter = (into: Set<number>, place: number): void => {
    into.add(place)
    if (tokens[place]?.kind !== "many") return
    passedMany = true
    enter(into, place + 1)
  }
  enter(places, 0)
  for (let at = start; ; at++) {
    if (places.has(tokens.length)) {
      shortest ??= at - start
      longest = at - start
    }
    if (at === text.length || places.size === 0) return { shortest, longest, passedMany }
    const next = new Set<number>()
    for (const place of places) {
      const token = tokens[place]
      if (token === undefined) continue
      if (token.kind === "many") enter(next, place)
      else if (token.kind !== "character" || token.character === text.charAt(at)) enter(next, place + 1)
    }
    places = next
  }
}

function replaced(
  tokens: readonly Token[],
  text: string,
  { replacement, all }: { readonly replacement: string; readonly all: boolean },
): string {
  let out = ""
  let justReplaced = false
  for (let at = 0; at <= text.length;) {
    const { longest, passedMany } = matchAt(tokens, text, at)
    if (longest === undefined && passedMany) return out + text.slice(at)
    // As in Go, nothing is found right behind what was found.
    if (longest !== undefined && !(longest === 0 && justReplaced)) {
      out += replacement
      at += longest
      justReplaced = true
      if (!all) return out + text.slice(at)
      if (longest > 0) continue
    }
    out += text.charAt(at)
    at++
    justReplaced = false
  }
  return out
}

function reversed(text: string): string {
  let out = ""
  for (let at = text.length - 1; at >= 0; at--) out += text.charAt(at)
  return out
}
