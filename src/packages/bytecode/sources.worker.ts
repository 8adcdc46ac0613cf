/** The entry of the thread that takes source files out of wheels, with synchronous calls. */
import { closeSync, openSync, writeSync } from "node:fs"
import { parentPort } from "node:worker_threads"
import { isFailure } from "../../failure.ts"
import { openBytes } from "../segment/worker/wheel-bytes.ts"
import { systemFacts } from "../system-error.ts"
import type { SourceAnswer, SourceRequest } from "./source-messages.ts"
import { writeSources } from "./sources.ts"

const port = parentPort
if (port === null) throw new Error("sources.worker.ts runs in a worker thread only")

/** Heads and small files are gathered, in bytes. */
const gathered = 1024 * 1024

function answer({ id, file, filename, target, output }: SourceRequest): SourceAnswer {
  const bytes = openBytes(file)
  try {
    const out = openSync(output, "wx", 0o600)
    try {
      let pieces: Uint8Array[] = []
      let waiting = 0
      const flush = (): void => {
        const all = Buffer.concat(pieces)
        for (let done = 0; done < all.length;) done += writeSync(out, all, done, all.length - done)
        pieces = []
        waiting = 0
      }
      const sources = writeSources({ bytes, filename }, target, (piece) => {
        pieces.push(piece)
        waiting += piece.length
        if (waiting >= gathered) flush()
      })
      flush()
      return { id, kind: "written", sources }
    } finally {
      closeSync(out)
    }
  } finally {
    bytes.close()
  }
}

port.on("message", (request: SourceRequest) => {
  try {
    port.postMessage(answer(request))
  } catch (error) {
    port.postMessage(failed(request, error))
  }
})

function failed({ id, output }: SourceRequest, error: unknown): SourceAnswer {
  if (isFailure(error)) {
    return { id, kind: "failure", code: error.code, sentence: error.message, hint: error.hint }
  }
  const system = systemFacts(error, output)
  if (system !== undefined) return { id, ...system }
  return { id, kind: "bug", message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
