/**
 * The entry of a worker thread. It reads wheels and writes layer blobs with synchronous calls, which is what makes
 * it fast: one thread unpacks, hashes and writes while the others do the same.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs"
import { parentPort } from "node:worker_threads"
import { isFailure } from "../../failure.ts"
import { hasher, type Digest } from "../../oci/digest.ts"
import { joinLayer, type OpenBytes } from "./join.ts"
import { summarise } from "./summary.ts"
import type { WorkerAnswer, WorkerRequest } from "./worker-messages.ts"

const port = parentPort
if (port === null) throw new Error("layer.worker.ts runs in a worker thread only")

/** Lent to one reader at a time; grows to the largest member that is read in one piece. */
let scratch = Buffer.allocUnsafe(64 * 1024)

/** Small reads are answered from a piece of the file that is read at once: members stand close to each other. */
const windowSize = 256 * 1024
const small = 32 * 1024

function open(file: string): OpenBytes {
  const handle = openSync(file, "r")
  const { size } = fstatSync(handle)
  const window = Buffer.allocUnsafe(windowSize)
  let from = 0
  let until = 0
  const fill = (buffer: Buffer, offset: number): Buffer => {
    for (let done = 0; done < buffer.length;) {
      const count = readSync(handle, buffer, done, buffer.length - done, offset + done)
      if (count === 0) throw new RangeError("the file became shorter while it was read")
      done += count
    }
    return buffer
  }
  /** The bytes in the window, which is moved for small reads; undefined for large ones elsewhere. */
  const seen = (offset: number, length: number): Buffer | undefined => {
    if (offset < 0 || length < 0 || offset + length > size) throw new RangeError("read beyond the end")
    if (offset < from || offset + length > until) {
      if (length > small) return undefined
      from = offset
      until = from
      const count = Math.min(windowSize, size - offset)
      fill(window.subarray(0, count), offset)
      until = from + count
    }
    return window.subarray(offset - from, offset - from + length)
  }
  return {
    size,
    read(offset, length) {
      const found = seen(offset, length)
      return found === undefined ? fill(Buffer.allocUnsafe(length), offset) : Buffer.from(found)
    },
    lend(offset, length) {
      const found = seen(offset, length)
      if (found !== undefined) return found
      if (length > scratch.length) scratch = Buffer.allocUnsafe(length)
      return fill(scratch.subarray(0, length), offset)
    },
    close: () => closeSync(handle),
  }
}

function digestOfFile(file: string): Digest {
  const handle = openSync(file, "r")
  try {
    const hash = hasher()
    const piece = Buffer.allocUnsafe(windowSize)
    for (let count = 1; count > 0;) {
      count = readSync(handle, piece, 0, piece.length, null)
      hash.update(piece.subarray(0, count))
    }
    return hash.digest()
  } finally {
    closeSync(handle)
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
  if (request.kind === "hash") return { kind: "hashed", digest: digestOfFile(request.file) }
  const out = openSync(request.output, "wx", 0o644)
  try {
    const write = (piece: Uint8Array): void => {
      for (let done = 0; done < piece.length;) done += writeSync(out, piece, done, piece.length - done)
    }
    const layer = await joinLayer(request.layer, { open, write })
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
