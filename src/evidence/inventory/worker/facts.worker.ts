/**
 * The entry of a thread that reads layers. It inflates and walks with synchronous calls, in one buffer that is used again: two
 * layers are read at the same time by two threads, and the main thread has its hands free for the network.
 */
import { parentPort } from "node:worker_threads"
import { problemOf } from "../../../threads/problem.ts"
import type { FactsAnswer, FactsRequest, FactsSaid } from "../facts-messages.ts"
import { scanLayer, type LayerFacts } from "../layer-facts.ts"
import { openReading, type Reading } from "../reading.ts"

const port = parentPort
if (port === null) throw new Error("facts.worker.ts runs in a worker thread only")

let id = 0
let reading: Reading<LayerFacts> | undefined

async function answer(request: FactsRequest): Promise<FactsSaid | undefined> {
  if (request.kind === "begin") {
    id = request.id
    reading = openReading(request.what, scanLayer(request))
    return undefined
  }
  // What comes after a failure is of a layer that is given up.
  if (reading === undefined) return { kind: "more" }
  if (request.kind === "bytes") {
    await reading.push(request.bytes)
    return { kind: "more" }
  }
  const facts = await reading.end()
  reading = undefined
  return { kind: "facts", facts }
}

let last: Promise<void> = Promise.resolve()
port.on("message", (request: FactsRequest) => {
  // One after the other, also where one has to be waited for.
  last = last.then(async () => {
    const said = await answer(request).catch((error: unknown): FactsSaid => {
      reading = undefined
      return problemOf(error)
    })
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    if (said !== undefined) port.postMessage({ id, ...said } satisfies FactsAnswer)
  })
})
