import type { Worker } from "node:worker_threads"
import { Failure } from "../../failure.ts"
import type { Layer } from "../../oci/image.ts"
import { layerBytes } from "../../oci/layer/open.ts"
import { problemError } from "../../threads/problem.ts"
import { ranOutOfMemory, startThread } from "../../threads/start.ts"
import type { FactsAnswer, FactsRequest } from "./facts-messages.ts"
import type { Bound } from "./bounded-scan.ts"
import type { LayerFacts } from "./layer-facts.ts"

/** Threads that read layers. Disposing ends them, whatever they do. */
export type FactsPool = AsyncDisposable & {
  /** As `readLayerFacts`, in a thread. */
  read(layer: Layer, bound?: Bound): Promise<LayerFacts>
}

/** Pieces of a layer that a thread may have before it is done with the first of them. */
const ahead = 16

/** Makes a pool of at most so many threads, each started when it is needed first. */
export function factsPool(threads: number): FactsPool {
  const idle: Worker[] = []
  const all = new Set<Worker>()
  const waiting: ((worker: Worker) => void)[] = []
  let last = 0
  const start = (): Worker => {
    const worker = startThread("evidence/inventory/worker/facts.worker", "nbstacks-inventory", { young: 8, old: 1024 })
    all.add(worker)
    // Who reads with it is told by a listener of its own.
    worker.on("error", () => all.delete(worker)).on("exit", () => all.delete(worker))
    return worker
  }
  const taken = async (): Promise<Worker> =>
    idle.pop() ?? (all.size < threads ? start() : await new Promise<Worker>((resolve) => waiting.push(resolve)))
  const giveBack = (worker: Worker): void => {
    const next = waiting.shift()
    const whole = all.has(worker) ? worker : undefined
    if (next !== undefined) next(whole ?? start())
    else if (whole !== undefined) idle.push(whole)
  }
  return {
    async read(layer, bound) {
      const worker = await taken()
      try {
        return await readIn(worker, layer, { id: ++last, bound })
      } finally {
        giveBack(worker)
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...all].map((worker) => worker.terminate()))
    },
  }
}

async function readIn(
  worker: Worker,
  layer: Layer,
  { id, bound }: { readonly id: number; readonly bound: Bound | undefined },
): Promise<LayerFacts> {
  const what = `the layer ${layer.descriptor.digest}`
  const result = Promise.withResolvers<LayerFacts>()
  // It may be rejected while bytes are waited for.
  result.promise.catch(() => undefined)
  /** Pieces that the thread has, and whether it has answered. */
  const flow = { out: 0, isOver: false }
  let changed = Promise.withResolvers<void>()
  const change = (): void => {
    changed.resolve()
    changed = Promise.withResolvers<void>()
  }
  const settle = (by: () => void): void => {
    by()
    flow.isOver = true
    change()
  }
  const onMessage = (answer: FactsAnswer): void => {
    if (answer.id !== id) return
    if (answer.kind === "more") {
      flow.out--
      change()
    } else settle(() => (answer.kind === "facts" ? result.resolve(answer.facts) : result.reject(problemError(answer))))
  }
  const onError = (error: unknown): void => settle(() => result.reject(lostThread(error, what)))
  const onExit = (code: number): void => onError(new Error(`a thread that reads layers ended with code ${code}`))
  worker.on("message", onMessage).on("error", onError).on("exit", onExit)
  const tell = (request: FactsRequest): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    worker.postMessage(request)
  }
  try {
    tell({ kind: "begin", id, what, size: layer.descriptor.size, bound })
    for await (const bytes of layerBytes(layer)) {
      if (flow.isOver) break
      flow.out++
      tell({ kind: "bytes", bytes })
      while (flow.out >= ahead && !flow.isOver) await changed.promise
    }
    tell({ kind: "end" })
    return await result.promise
  } finally {
    worker.off("message", onMessage).off("error", onError).off("exit", onExit)
  }
}

function lostThread(error: unknown, what: string): unknown {
  if (!ranOutOfMemory(error)) return error
  return new Failure("cannot", `Reading ${what} takes more memory than a thread may have`, {
    hint: "Look at how the layer was made: it says more of packages than any image needs",
  })
}
