/** The entry of the thread that takes source files out of wheels, with synchronous calls. */
import { closeSync, openSync, writeSync } from "node:fs"
import { parentPort } from "node:worker_threads"
import { problemOf } from "../../threads/problem.ts"
import { openBytes } from "../segment/worker/wheel-bytes.ts"
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
    port.postMessage({ id: request.id, ...problemOf(error, request.output) } satisfies SourceAnswer)
  }
})
