import type { Worker } from "node:worker_threads"
import { problemError } from "../../threads/problem.ts"
import { startThread } from "../../threads/start.ts"
import { threadFailure } from "../thread-memory.ts"
import type { Target } from "../wheel/target.ts"
import type { SourceFile } from "./frames.ts"
import type { SourceAnswer, SourceRequest } from "./source-messages.ts"

/** A thread that takes source files out of wheels. Disposing ends it, whatever it does. */
export type SourceReader = AsyncDisposable & {
  /** Writes the Python files of a wheel to `output`, which must not exist yet, and gives their list in that order. */
  write(wheel: Wheel, target: Target, output: string): Promise<readonly SourceFile[]>
}

type Wheel = { readonly file: string; readonly filename: string }
type Task = {
  readonly filename: string
  readonly resolve: (answer: SourceAnswer) => void
  readonly reject: (error: unknown) => void
}

/** One thread is enough: it gives two hundred times as much as a Python compiles. It starts with the first wheel. */
export function sourceReader(): SourceReader {
  const tasks = new Map<number, Task>()
  let worker: Worker | undefined
  let last = 0
  const gone = (error: unknown): void => {
    worker = undefined
    // It does one after the other, in this order.
    const [first] = tasks.values()
    for (const { reject } of tasks.values()) reject(threadFailure(error, `Reading ${first?.filename ?? "a wheel"}`))
    tasks.clear()
  }
  const started = (): Worker => {
    const thread = startThread("packages/bytecode/sources.worker", "nbstacks-sources", { young: 2, old: 256 })
    thread.on("message", (answer: SourceAnswer) => {
      tasks.get(answer.id)?.resolve(answer)
      tasks.delete(answer.id)
    })
    thread.on("error", gone)
    thread.on("exit", (code) => gone(new Error(`the thread that reads sources ended with code ${code}`)))
    return thread
  }
  return {
    async write(wheel, target, output) {
      const id = ++last
      const answer = await new Promise<SourceAnswer>((resolve, reject) => {
        const { file, filename } = wheel
        tasks.set(id, { filename, resolve, reject })
        worker ??= started()
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
        worker.postMessage({ id, file, filename, target, output } satisfies SourceRequest)
      })
      if (answer.kind === "written") return answer.sources
      throw problemError(answer)
    },
    async [Symbol.asyncDispose]() {
      await worker?.terminate()
    },
  }
}
