import { stripVTControlCharacters } from "node:util"

const kept = 200
const longest = 4096

export type Lines = {
  /** The last 200 lines, each cut at 4096 characters. */
  readonly tail: () => readonly string[]
  /** Resolves when all streams have ended. */
  readonly read: Promise<void>
}

/** Reads streams line by line; what is kept is bounded whatever they print. */
export function followLines(streams: readonly AsyncIterable<Uint8Array>[], say: (line: string) => void): Lines {
  const last: string[] = []
  const add = (line: string): void => {
    last.push(line)
    if (last.length > kept) last.shift()
    say(line)
  }
  const follow = async (stream: AsyncIterable<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder()
    let rest = ""
    for await (const chunk of stream) {
      const pieces = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/)
      rest = (pieces.pop() ?? "").slice(0, longest)
      for (const piece of pieces) add(piece.slice(0, longest))
    }
    if (rest !== "") add(rest)
  }
  const read = Promise.all(streams.map((stream) => follow(stream).catch(() => undefined))).then(() => undefined)
  return { tail: () => [...last], read }
}

const outputLimit = 16 * 1024

/** The last 16 KiB of a text, without control characters that would move a terminal's cursor. */
export function bounded(text: string): string {
  const clean = withoutControls(text)
  return clean.length <= outputLimit ? clean : `…${clean.slice(-outputLimit)}`
}

/** A text without ANSI escapes and without control characters other than newline, tab and carriage return. */
export function withoutControls(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, (character) =>
    "\n\r\t".includes(character) ? character : "",
  )
}
