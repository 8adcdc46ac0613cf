import type { Worker } from "node:worker_threads"
import { problemError } from "../../threads/problem.ts"
import { startThread } from "../../threads/start.ts"
import { namesOf, threadFailure } from "../thread-memory.ts"
import { openAhead } from "./ahead.ts"
import type { LayerRequest } from "./join.ts"
import type { Segment } from "./recipe.ts"
import type { WrittenLayer } from "./sink.ts"
import type { WheelFile, WorkerAnswer, WorkerRequest } from "./worker-messages.ts"

/** Worker threads that read wheels and write layers. Disposing ends them, whatever they do. */
export type SegmentPool = AsyncDisposable & {
  readonly workers: number
  /** What a wheel becomes; reads its directory and metadata, and keeps its recipe. Throws `DamagedWheel`. */
  read(request: Omit<WorkerRequest & { kind: "read" }, "kind">): Promise<Segment>
  /** Comes back when a wheel was found to be what its hash says. Throws `DamagedWheel`. */
  verify(wheel: WheelFile): Promise<void>
  /** The SHA-256 of a file, in hexadecimal. */
  hash(file: string): Promise<string>
  /**
   * Writes a layer blob to a file that must not exist yet. Rejects at once when aborted; the thread ends what it does.
   * Throws `DamagedWheel`.
   */
  join(
    request: { readonly layer: LayerRequest; readonly output: string; readonly temporary: string },
    signal: AbortSignal,
  ): Promise<WrittenLayer>
}

/** A wheel on this machine is not what its hash says. */
export class DamagedWheel extends Error {
  override readonly name = "DamagedWheel"
  readonly wheel: WheelFile
  constructor(wheel: WheelFile) {
    super(`${wheel.filename} is damaged`)
    this.wheel = wheel
  }
}

/** What one worker takes at most, in bytes, measured with members of any size. */
const workerMemory = 110 * 1024 * 1024

/** As many workers as cores, and no more than half of the memory can hold; 16 at most. */
export function workerCount(machine: { readonly cores: number; readonly memory: number }): number {
  return Math.max(1, Math.min(16, machine.cores, Math.floor(machine.memory / 2 / workerMemory)))
}

type Task = {
  readonly request: WorkerRequest
  readonly resolve: (value: WorkerAnswer["value"]) => void
  readonly reject: (error: unknown) => void
}

type Thread = { readonly worker: Worker; task: Task | undefined }

const startedAtOnce = 4

/** Starts a pool and its first threads, since who wants a pool has work for them soon; the others with the first task that finds no idle one. */
export function startPool(workers: number): SegmentPool {
  const threads: Thread[] = []
  const waiting: Task[] = []
  let closed = false

  const feed = (): void => {
    while (waiting.length > 0) {
      const idle = threads.find((thread) => thread.task === undefined) ?? grown()
      if (idle === undefined) return
      const task = waiting.shift() as Task
      idle.task = task
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
      idle.worker.postMessage({ id: 0, request: task.request })
    }
  }
  const grown = (): Thread | undefined => {
    if (threads.length >= workers) return undefined
    const worker = startThread("packages/segment/worker/layer.worker", "nbstacks-layers", { young: 2, old: 256 })
    const thread: Thread = { worker, task: undefined }
    worker.on("message", (answer: WorkerAnswer) => {
      const task = thread.task
      thread.task = undefined
      task?.resolve(answer.value)
      feed()
    })
    const gone = (error: unknown): void => {
      const place = threads.indexOf(thread)
      if (place !== -1) threads.splice(place, 1)
      thread.task?.reject(threadFailure(error, workOf(thread.task.request)))
      thread.task = undefined
      if (!closed) feed()
    }
    worker.on("error", gone)
    worker.on("exit", (code) => gone(new Error(`a worker thread ended with code ${code}`)))
    threads.push(thread)
    return thread
  }
  const run = async (request: WorkerRequest): Promise<WorkerAnswer["value"]> => {
    if (closed) throw new Error("the worker threads were ended")
    const value = await new Promise<WorkerAnswer["value"]>((resolve, reject) => {
      waiting.push({ request, resolve, reject })
      feed()
    })
    if (value.kind === "damaged") throw new DamagedWheel(value.wheel)
    if (value.kind === "failure" || value.kind === "system" || value.kind === "bug") throw problemError(value)
    return value
  }
  /** Hashes of wheels that were read whole in the life of this pool, and found to be what they should be. */
  const sound = new Set<string>()
  for (let count = 0; count < Math.min(workers, startedAtOnce); count++) grown()
  let isShared = false
  /** Writes a layer; a thread that has nothing to do helps with its first segment that is made of a wheel's own bytes. */
  const joined = async (
    layer: LayerRequest,
    place: { readonly output: string; readonly temporary: string },
  ): Promise<WorkerAnswer["value"]> => {
    const at = layer.segments.findIndex(({ kept, verified }) => kept === undefined && verified === true)
    const segment = layer.segments[at]
    const busy = threads.filter(({ task }) => task !== undefined).length + waiting.length
    if (segment === undefined || layer.diffId !== undefined || isShared || busy + 1 >= workers)
      return await run({ kind: "join", layer, ...place })
    isShared = true
    // A new one each time, which is seldom: kept, it would stand beside all that comes later.
    const ahead = openAhead()
    const segments = layer.segments.with(at, { ...segment, ahead })
    const written = run({ kind: "join", layer: { ...layer, segments }, ...place })
    // What it cannot do, the writer does.
    const helped = run({ kind: "ahead", segment, target: layer.target, ahead }).catch(() => undefined)
    void Promise.allSettled([written, helped]).then(() => (isShared = false))
    return await written
  }
  const stop = async (reason: unknown): Promise<void> => {
    closed = true
    for (const task of waiting.splice(0)) task.reject(reason)
    for (const thread of threads) {
      thread.task?.reject(reason)
      thread.task = undefined
    }
    await Promise.all(threads.map((thread) => thread.worker.terminate()))
  }
  return {
    workers,
    async read(request) {
      const value = await run({ kind: "read", ...request })
      if (value.kind !== "read") throw new Error("a worker thread gave the wrong answer")
      sound.add(request.wheel.sha256)
      return value.segment
    },
    async verify({ file, filename, sha256 }) {
      if (!sound.has(sha256)) await run({ kind: "verify", wheel: { file, filename, sha256 } })
      sound.add(sha256)
    },
    async hash(file) {
      const value = await run({ kind: "hash", file })
      if (value.kind !== "hashed") throw new Error("a worker thread gave the wrong answer")
      return value.sha256
    },
    async join({ layer, output, temporary }, signal) {
      const segments = layer.segments.map((one) => (sound.has(one.sha256) ? { ...one, verified: true } : one))
      const asked = joined({ ...layer, segments }, { output, temporary })
      const value = await abortable(asked, signal)
      if (value.kind !== "joined") throw new Error("a worker thread gave the wrong answer")
      return value.layer
    },
    async [Symbol.asyncDispose]() {
      await stop(new Error("the worker threads were ended"))
    },
  }
}

/** What a request asks for, as the begin of a sentence. */
function workOf(request: WorkerRequest): string {
  if (request.kind === "join")
    return `Writing the layer of ${namesOf(request.layer.segments.map((one) => one.filename))}`
  if (request.kind === "hash") return `Hashing ${request.file}`
  return `Reading ${(request.kind === "ahead" ? request.segment : request.wheel).filename}`
}

/** The promise, or the signal's reason if that comes first. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let abort: (() => void) | undefined
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        abort = () => reject(signal.reason as Error)
        signal.addEventListener("abort", abort, { once: true })
      }),
    ])
  } finally {
    if (abort !== undefined) signal.removeEventListener("abort", abort)
    promise.catch(() => undefined)
  }
}
