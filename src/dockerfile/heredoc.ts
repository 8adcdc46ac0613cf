import type { Instruction } from "./instructions.ts"
import { splitQuoted } from "./words.ts"

export type Heredoc = {
  /** The line that ends it. */
  readonly name: string
  /** Whether tabs before that line fall away (`<<-`). */
  readonly chomp: boolean
}

const shape = /^\d*<<(-?)([^<]*)$/
const users = new Set(["ADD", "COPY", "RUN"])

/** The here-document that a word opens, such as `<<EOF`, `<<-"EOF"`, `3<<EOF`. */
export function heredocOf(word: string): Heredoc | undefined {
  const match = shape.exec(word)
  const name = (match?.[2] ?? "").replace(/^(['"])(.*)\1$/, "$2")
  return match === null || name === "" ? undefined : { name, chomp: match[1] === "-" }
}

/** The here-documents of an instruction, in order. `ONBUILD` has those of what it holds back. */
export function heredocsOf(instruction: Pick<Instruction, "name" | "rest">, escape: string): readonly Heredoc[] {
  const { name, rest } = instruction
  if (!rest.includes("<<")) return []
  const held = name === "ONBUILD" ? /^\s*(\S+)/.exec(rest)?.[1]?.toUpperCase() : name
  if (held === undefined || !users.has(held)) return []
  const line = { text: rest, places: [] }
  return splitQuoted(line, 0, escape).flatMap(({ text }) => heredocOf(text) ?? [])
}
