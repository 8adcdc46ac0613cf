import type { Io } from "./io.ts"

/** Asks on the terminal; whether the answer was yes. False where nobody can answer. */
export async function agreed({ ask }: Pick<Io, "ask">, question: string): Promise<boolean> {
  return ask !== undefined && /^y(es)?$/i.test((await ask(`${question} [y/N] `)).trim())
}
