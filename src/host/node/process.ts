import { spawn, type ChildProcess } from "node:child_process"
import { constants } from "node:os"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { Child, Command, Finished, Run, Start } from "../process.ts"

const keep = 16 * 1024 * 1024
const grace = 5_000

/** Kills the process group of a child; it may have ended already. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // ESRCH: the group has ended already.
  }
}

function exitCode(code: number | null, signal: NodeJS.Signals | null): number {
  if (code !== null) return code
  return 128 + (signal === null ? 0 : constants.signals[signal])
}

/** Starts a child in a process group of its own, so that what it starts ends with it. */
export const start: Start = async (command) => {
  command.signal?.throwIfAborted()
  const [file, ...args] = command.argv
  const pipes = command.terminal === true ? ("inherit" as const) : ("pipe" as const)
  const child = spawn(file, args, {
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    env: definedOnly(command.env ?? process.env),
    stdio: [command.terminal ? "inherit" : command.input === undefined ? "ignore" : "pipe", pipes, pipes],
    detached: command.terminal !== true,
  })
  const ended = new Promise<{ code: number }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code: exitCode(code, signal) }))
  })
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve)
    child.once("error", reject)
  })
  let hard: NodeJS.Timeout | undefined
  const end = (): void => {
    if (command.terminal === true) child.kill("SIGTERM")
    else killGroup(child, "SIGTERM")
    hard ??= setTimeout(() => killGroup(child, "SIGKILL"), grace)
    hard.unref()
  }
  const timer = command.timeout === undefined ? undefined : setTimeout(end, command.timeout)
  command.signal?.addEventListener("abort", end, { once: true })
  void ended.then(() => {
    clearTimeout(timer)
    clearTimeout(hard)
    command.signal?.removeEventListener("abort", end)
  })
  if (child.stdin !== null && command.input !== undefined) {
    const bytes =
      typeof command.input === "string"
        ? [Buffer.from(command.input)]
        : command.input instanceof Uint8Array
          ? [command.input]
          : command.input
    // A child that does not read its input to the end is not an error of ours: its exit code tells.
    pipeline(Readable.from(bytes), child.stdin).catch(() => undefined)
  }
  return {
    pid: child.pid ?? -1,
    stdout: child.stdout ?? nothing(),
    stderr: child.stderr ?? nothing(),
    ended,
    kill: (signal) => (command.terminal === true ? void child.kill(signal) : killGroup(child, signal)),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) end()
      child.stdout?.resume()
      child.stderr?.resume()
      await ended
    },
  } satisfies Child
}

/** Runs a child to its end and collects what it printed. */
export const run: Run = async (command: Command): Promise<Finished> => {
  const child = await start(command)
  const [stdout, stderr, { code }] = await Promise.all([collect(child.stdout), collect(child.stderr), child.ended])
  command.signal?.throwIfAborted()
  return { code, stdout, stderr }
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    size += chunk.length
    while (chunks.length > 1 && size - (chunks[0]?.length ?? 0) > keep) size -= chunks.shift()?.length ?? 0
  }
  return Buffer.concat(chunks).toString("utf8")
}

function definedOnly(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

async function* nothing(): AsyncIterable<Uint8Array> {
  // A child on the terminal has no pipes.
}
