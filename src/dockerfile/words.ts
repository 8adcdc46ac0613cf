/** A piece of an instruction: its text as written, and where it stands in the file (offsets of its first character and of the one after). */
export type Word = { readonly text: string; readonly start: number; readonly end: number }

/** A line with its continuations joined: `places[i]` is where character `i` stands in the file. */
export type LogicalLine = { readonly text: string; readonly places: readonly number[] }

/** Words between white space, from an offset in the line; quotes mean nothing. */
export function splitWords(line: LogicalLine, from: number): readonly Word[] {
  const words: Word[] = []
  const pattern = /\S+/g
  pattern.lastIndex = from
  for (let match = pattern.exec(line.text); match !== null; match = pattern.exec(line.text))
    words.push(wordAt(line, match.index, match.index + match[0].length))
  return words
}

/** The word from one offset of the line to another. */
export function wordAt(line: LogicalLine, from: number, to: number): Word {
  const start = line.places[from] ?? 0
  return { text: line.text.slice(from, to), start, end: (line.places[to - 1] ?? start) + 1 }
}

/**
 * Words as `ENV` and `ARG` split them: quotes and escapes keep white space in a word, and stay in its text.
 * https://github.com/moby/buildkit/blob/master/frontend/dockerfile/parser/line_parsers.go (parseWords)
 */
export function splitQuoted(line: LogicalLine, from: number, escape: string): readonly Word[] {
  const words: Word[] = []
  let begin = -1
  let quote = ""
  for (let i = from; i < line.text.length; i++) {
    const character = line.text.charAt(i)
    if (quote === "" && /\s/.test(character)) {
      if (begin >= 0) words.push(wordAt(line, begin, i))
      begin = -1
      continue
    }
    if (begin < 0) begin = i
    if (character === escape && quote !== "'") i++
    else if (quote === character) quote = ""
    else if (quote === "" && (character === "'" || character === '"')) quote = character
  }
  if (begin >= 0) words.push(wordAt(line, begin, line.text.length))
  return words
}

export type Flag = {
  readonly name: string
  /** What follows `=`, without quotes; undefined for a flag alone. */
  readonly value: string | undefined
  readonly word: Word
}

/**
 * Flags such as `--from=x` at the start of an instruction's arguments, and the offset of what follows them.
 * https://github.com/moby/buildkit/blob/master/frontend/dockerfile/parser/split_command.go (extractBuilderFlags)
 */
export function takeFlags(line: LogicalLine, from: number, escape: string): { flags: readonly Flag[]; rest: number } {
  const flags: Flag[] = []
  let at = from
  for (;;) {
    while (at < line.text.length && /\s/.test(line.text.charAt(at))) at++
    if (!line.text.startsWith("--", at)) return { flags, rest: at }
    const [word] = splitQuoted(line, at, escape)
    if (word === undefined) return { flags, rest: at }
    const end = at + word.text.length
    if (word.text === "--") return { flags, rest: end }
    const plain = withoutQuotes(word.text, escape)
    const equals = plain.indexOf("=")
    const name = equals === -1 ? plain.slice(2) : plain.slice(2, equals)
    flags.push({ name: name.toLowerCase(), value: equals === -1 ? undefined : plain.slice(equals + 1), word })
    at = end
  }
}

function withoutQuotes(text: string, escape: string): string {
  let plain = ""
  let quote = ""
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i)
    if (character === escape && quote !== "'") plain += text.charAt(++i)
    else if (quote === character) quote = ""
    else if (quote === "" && (character === "'" || character === '"')) quote = character
    else plain += character
  }
  return plain
}
