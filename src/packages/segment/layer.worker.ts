/**
 * The entry of a worker thread. It reads wheels and writes layer blobs with synchronous calls, which is what makes
 * it fast: one thread unpacks, hashes and writes while the others do the same.
 */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs"
import { parentPort } from "node:worker_threads"
import { isFailure } from "../../failure.ts"
import { joinLayer, type OpenBytes } from "./join.ts"
import { summarise } from "./summary.ts"
import type { WorkerAnswer, WorkerRequest } from "./worker-messages.ts"

const port = parentPort
if (port === null) throw new Error("layer.worker.ts runs in a worker thread only")

/** Lent to one reader at a time; grows to the largest member that is read in one piece. */
let scratch = Buffer.allocUnsafe(256 * 1024)

function open(file: string): OpenBytes {
  const handle = openSync(file, "r")
  const { size } = fstatSync(handle)
  const fill = (buffer: Buffer, offset: number): Buffer => {
    if (offset < 0 || offset + buffer.length > size) throw new RangeError("read beyond the end")
    for (let done = 0; done < buffer.length;) {
      const count = readSync(handle, buffer, done, buffer.length - done, offset + done)
      if (count === 0) throw new RangeError("the file became shorter while it was read")
      done += count
    }
    return buffer
  }
  return {
    size,
    read: (offset, length) => fill(Buffer.allocUnsafe(length), offset),
    lend(offset, length) {
      if (length > scratch.length) scratch = Buffer.allocUnsafe(length)
      return fill(scratch.subarray(0, length), offset)
    },
    close: () => closeSync(handle),
  }
}

async function answer(request: WorkerRequest): Promise<WorkerAnswer["value"]> {
  if (request.kind === "summarise") {
    const bytes = open(request.file)
    try {
      return { kind: "summarised", segment: summarise({ bytes, filename: request.filename }, request.target) }
    } finally {
      bytes.close()
    }
  }
  const out = openSync(request.output, "wx", 0o644)
  try {
    const write = (piece: Uint8Array): void => {
      for (let done = 0; done < piece.length;) done += writeSync(out, piece, done, piece.length - done)
    }
    const layer = await joinLayer(request.layer, { open, write })
    fsyncSync(out)
    return { kind: "joined", layer }
  } finally {
    closeSync(out)
  }
}

port.on("message", (message: { id: number; request: WorkerRequest }) => {
  void answer(message.request)
    .catch((error: unknown): WorkerAnswer["value"] =>
      isFailure(error)
        ? { kind: "failure", code: error.code, sentence: error.message, hint: error.hint, detail: causeOf(error) }
        : { kind: "bug", message: error instanceof Error ? (error.stack ?? error.message) : String(error) },
    )
    .then((value) => port.postMessage({ id: message.id, value } satisfies WorkerAnswer))
})

function causeOf(error: Error): string | undefined {
  return error.cause instanceof Error ? error.cause.message : undefined
}
