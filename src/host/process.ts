export type Command = {
  readonly argv: readonly [string, ...string[]]
  readonly cwd?: string
  /** The whole environment of the child; the host's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly input?: Uint8Array | string | AsyncIterable<Uint8Array>
  /** Ends the child and all it started: SIGTERM to its process group, SIGKILL five seconds later. */
  readonly signal?: AbortSignal
  /** Milliseconds; then as if aborted. None unless given. */
  readonly timeout?: number
}

export type Finished = {
  /** The exit code; 128 + the signal's number for a child that was killed. */
  readonly code: number
  /** At most the last 16 MiB of each. */
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end. Rejects only when it cannot be started (`ENOENT`) or is aborted. */
export type Run = (command: Command) => Promise<Finished>

export type Child = AsyncDisposable & {
  readonly pid: number
  /** Bytes as they come; both have to be read, or the child may wait for its reader. */
  readonly stdout: AsyncIterable<Uint8Array>
  readonly stderr: AsyncIterable<Uint8Array>
  /** Resolves when it has ended. */
  readonly ended: Promise<{ readonly code: number }>
  /** A signal to the whole process group. */
  kill(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): void
}

/** Starts a command and does not wait. `terminal` gives it this process's own stdin, stdout and stderr instead of pipes. Disposing ends it. */
export type Start = (command: Command & { readonly terminal?: boolean }) => Promise<Child>
