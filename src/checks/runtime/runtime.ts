import type { Host } from "../../host/host.ts"
import type { Command } from "../../host/process.ts"
import type { RunnableImage } from "../image.ts"

/** The parts of the host that runtimes use. */
export type RuntimeHost = Pick<
  Host,
  "files" | "run" | "start" | "serve" | "now" | "elapsed" | "sleep" | "random" | "machine" | "env"
>

export const runtimeNames = ["docker", "podman", "bubblewrap"] as const
export type RuntimeName = (typeof runtimeNames)[number]

/** Where a server in a container has to listen so that it answers on 127.0.0.1 of this machine. */
export type Listen = { readonly address: string; readonly port: number }

/** A folder of this machine that a container sees and can write to. */
export type Mount = { readonly from: string; readonly to: string }

export type ContainerJob = {
  /** What is given to the image's own entrypoint; `bare` replaces the entrypoint. */
  readonly command: (listen: Listen) => readonly string[]
  readonly bare?: boolean
  /** On top of the image's own; values never stand on a command line. */
  readonly env: Readonly<Record<string, string>>
  readonly mount?: Mount
  /** The port on 127.0.0.1; a free one unless given. */
  readonly port?: number
  readonly signal: AbortSignal
  /** A line of what the container or the runtime prints. */
  readonly say: (line: string) => void
}

export type Executed = {
  /** The command's exit code. */
  readonly code: number
  /** What it printed on both streams, its last 16 KiB. */
  readonly output: string
  readonly timedOut: boolean
}

/** A running container. Disposing stops it within seconds and takes away all that belongs to it. */
export type Container = AsyncDisposable & {
  /** The port of 127.0.0.1 that reaches the one which the command was told to listen on. */
  readonly port: number
  readonly ended: Promise<{ readonly code: number }>
  /** The last lines that it printed. */
  tail(): readonly string[]
  /** What this machine has to run so that a command runs inside, as `exec` runs it, on the pipes that it is given. */
  inside(argv: readonly [string, ...string[]]): Pick<Command, "argv" | "env">
  /** Runs a command inside as the image's user, in its workdir, with its environment. `timeout` in seconds. */
  exec(argv: readonly [string, ...string[]], options: { timeout: number; signal: AbortSignal }): Promise<Executed>
}

/** What starts containers. Every method fails with a `Failure` when the runtime itself does not work. */
export type Runtime = {
  readonly name: RuntimeName
  start(image: RunnableImage, job: ContainerJob): Promise<Container>
  /**
   * Runs a command on this process's terminal to its end and gives its exit code. `tty`: stdin, stdout and stderr are
   * a terminal.
   */
  attach(image: RunnableImage, job: ContainerJob & { readonly tty: boolean }): Promise<number>
}

/** Keeps a container without a server alive until it is stopped. */
export const hold: readonly string[] = [
  "/bin/sh",
  "-c",
  "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done",
]
