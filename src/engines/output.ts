import { stripVTControlCharacters } from "node:util"
import type { Child } from "../host/process.ts"

/** Lines longer than this are cut, in characters: a progress bar without line ends must not fill the memory. */
const longest = 8192

/** What a child printed: every line as it came, the last ones for an error. */
export type Transcript = {
  /** Exit code of the child. */
  readonly code: number
  /** The last lines of both streams, in the order in which they came. */
  readonly tail: readonly string[]
}

/**
 * Reads both streams of a child to their end, line by line, and waits for it. `\r` ends a line too. Terminal
 * sequences are taken out. `keep` is how many lines the tail has at most.
 */
export async function follow(child: Child, onLine: (line: string) => void, keep = 40): Promise<Transcript> {
  const tail: string[] = []
  const take = (line: string): void => {
    onLine(line)
    tail.push(line)
    if (tail.length > keep) tail.shift()
  }
  const [, , { code }] = await Promise.all([eachLine(child.stdout, take), eachLine(child.stderr, take), child.ended])
  return { code, tail }
}

/** Calls `take` with each line of a stream of UTF-8, without its end; empty ones are left out. */
export async function eachLine(stream: AsyncIterable<Uint8Array>, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ""
  const emit = (line: string): void => {
    const text = stripVTControlCharacters(line)
      .replace(/(?!\t)\p{Cc}/gu, "")
      .trimEnd()
    if (text !== "") take(text.length > longest ? `${text.slice(0, longest)}…` : text)
  }
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r/)
    rest = lines.pop() ?? ""
    for (const line of lines) emit(line)
    if (rest.length > longest) {
      emit(rest)
      rest = ""
    }
  }
  emit(rest + decoder.decode())
}
