import type { Command } from "../../host/process.ts"
import { bounded } from "./lines.ts"
import type { Executed, RuntimeHost } from "./runtime.ts"

/** Runs a command to its end or its timeout (in seconds) and keeps the end of what it printed. */
export async function execute(
  host: Pick<RuntimeHost, "start">,
  command: Pick<Command, "argv" | "env">,
  { timeout, signal }: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<Executed> {
  signal.throwIfAborted()
  const clock = AbortSignal.timeout(timeout * 1000)
  await using child = await host.start({ ...command, signal: AbortSignal.any([signal, clock]) })
  const pieces: Buffer[] = []
  let size = 0
  const collect = async (stream: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of stream) {
      pieces.push(Buffer.from(chunk))
      size += chunk.length
      while (pieces.length > 1 && size - (pieces[0]?.length ?? 0) > limit) size -= pieces.shift()?.length ?? 0
    }
  }
  const [{ code }] = await Promise.all([child.ended, collect(child.stdout), collect(child.stderr)])
  signal.throwIfAborted()
  return { code, output: bounded(Buffer.concat(pieces).toString("utf8")), timedOut: clock.aborted && code !== 0 }
}

const limit = 64 * 1024
