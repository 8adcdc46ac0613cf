/**
 * The entry of a thread that reads layers. It inflates and walks with synchronous calls, in one buffer that is used again: two
 * layers are read at the same time by two threads, and the main thread has its hands free for the network.
 */
import { parentPort } from "node:worker_threads"
import { isFailure } from "../../../failure.ts"
import { compressionOf, decompress } from "../../../oci/layer/decompress.ts"
import { gunzip } from "../../../oci/layer/gunzip.ts"
import type { FactsAnswer, FactsRequest, FactsSaid } from "../facts-messages.ts"
import { scanLayer, type LayerFacts, type LayerScan } from "../layer-facts.ts"

const port = parentPort
if (port === null) throw new Error("facts.worker.ts runs in a worker thread only")

/** A layer of which some bytes have come. */
type Reading = {
  push(bytes: Uint8Array): void | Promise<void>
  end(): LayerFacts | Promise<LayerFacts>
}

let begun: (FactsRequest & { kind: "begin" }) | undefined
let id = 0
let reading: Reading | undefined
/** The first bytes, until there are enough of them to see what they are compressed with. */
let head: Buffer = Buffer.alloc(0)

function open({ what, size, bound }: FactsRequest & { kind: "begin" }): Reading {
  const scan = scanLayer(what, size, bound)
  const kind = compressionOf(head)
  if (kind === "gzip") return inflating(what, scan)
  if (kind === "none")
    return {
      push: (bytes) => scan.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
      end: () => scan.end(),
    }
  return waiting(what, scan)
}

function inflating(what: string, scan: LayerScan): Reading {
  const stream = gunzip(what)
  const take = (piece: Buffer): void => scan.push(piece)
  return {
    push: (bytes) => stream.push(bytes, take),
    end() {
      stream.end(take)
      return scan.end()
    },
  }
}

/** What Node has no quick way for: through its streams. */
function waiting(what: string, scan: LayerScan): Reading {
  const bytes = new TransformStream<Uint8Array, Uint8Array>()
  const writer = bytes.writable.getWriter()
  const done = (async () => {
    for await (const piece of decompress(bytes.readable, what))
      scan.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength))
    return scan.end()
  })()
  done.catch((error: unknown) => writer.abort(error).catch(() => undefined))
  return {
    async push(piece) {
      // Why a stream takes nothing more is told by who reads it.
      await Promise.race([writer.write(piece).catch(() => undefined), done])
    },
    async end() {
      await Promise.race([writer.close().catch(() => undefined), done])
      return await done
    },
  }
}

async function answer(request: FactsRequest): Promise<FactsSaid | undefined> {
  if (request.kind === "begin") {
    begun = request
    id = request.id
    reading = undefined
    head = Buffer.alloc(0)
    return undefined
  }
  // What comes after a failure is of a layer that is given up.
  if (begun === undefined) return { kind: "more" }
  if (request.kind === "bytes" && reading === undefined) {
    head = Buffer.concat([head, request.bytes])
    if (head.length < 4) return { kind: "more" }
    reading = open(begun)
    await reading.push(head)
    return { kind: "more" }
  }
  if (request.kind === "bytes") {
    await reading?.push(request.bytes)
    return { kind: "more" }
  }
  if (reading === undefined) {
    reading = open(begun)
    await reading.push(head)
  }
  const facts = await reading.end()
  begun = undefined
  return { kind: "facts", facts }
}

let last: Promise<void> = Promise.resolve()
port.on("message", (request: FactsRequest) => {
  // One after the other, also where one has to be waited for.
  last = last.then(async () => {
    const said = await answer(request).catch((error: unknown): FactsSaid => {
      begun = undefined
      if (isFailure(error)) return { kind: "failure", code: error.code, sentence: error.message, hint: error.hint }
      return { kind: "bug", message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    })
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    if (said !== undefined) port.postMessage({ id, ...said } satisfies FactsAnswer)
  })
})
