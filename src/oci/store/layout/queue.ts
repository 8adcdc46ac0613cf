/** Runs one task at a time for each name, in the order in which they were asked for. */
export type Queue = <T>(name: string, task: () => Promise<T>) => Promise<T>

/** A queue within this process. Lock files keep other processes out; this keeps us from polling our own. */
export function makeQueue(): Queue {
  const tails = new Map<string, Promise<unknown>>()
  return async (name, task) => {
    const before = tails.get(name) ?? Promise.resolve()
    const mine = before.then(task, task)
    const tail = mine.catch(() => undefined)
    tails.set(name, tail)
    try {
      return await mine
    } finally {
      if (tails.get(name) === tail) tails.delete(name)
    }
  }
}

/**
 * A task that many ask for: those who ask while it runs wait for one more run together. So everybody's wish is
 * served by a run that began after it was made.
 */
export function makeBatch(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const start = (): Promise<void> => {
    const run = task().finally(() => {
      if (running === run) running = undefined
    })
    running = run
    return run
  }
  return () => {
    if (running === undefined) return start()
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined
        return start()
      })
    return next
  }
}
