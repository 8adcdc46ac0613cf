import type colors from "picocolors"

/** Functions that colour text, or leave it as it is. */
export type Colors = ReturnType<typeof colors.createColors>

/** Where a command writes and what reads it. */
export type Io = {
  /** Data: what another program may read. */
  readonly out: (text: string) => void
  /** The story: progress, warnings, errors. */
  readonly err: (text: string) => void
  /** Colours for stderr; identities where there are none. */
  readonly colors: Colors
  /** Colours for stdout. */
  readonly outColors: Colors
  /** The terminal behind stderr; undefined where it is a file, a pipe or a dumb terminal. */
  readonly terminal: NodeJS.WriteStream | undefined
  /** The terminal behind stdout, for width. */
  readonly outTerminal: NodeJS.WriteStream | undefined
  /** Asks a question on the terminal; undefined where nobody can answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined
}
