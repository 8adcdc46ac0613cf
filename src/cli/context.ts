import type { Host } from "../host/host.ts"
import type { Io } from "./io.ts"

/** What every command gets by the door. */
export type Context = {
  readonly host: Host
  readonly io: Io
  /** Aborted by Ctrl-C and by the end of a parent. */
  readonly signal: AbortSignal
  /** The folder in which the command was called, or that of `-C`; absolute. */
  readonly folder: string
}
