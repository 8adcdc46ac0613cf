/** A piece of work and the names of what it waits for. */
export type Task<T> = {
  readonly name: string
  readonly needs: readonly string[]
  readonly work: (done: ReadonlyMap<string, T>) => Promise<T>
}

/**
 * Runs tasks as soon as what they need is done, at most `limit` at once, in the order given where there is a
 * choice. A task never rejects: how it failed is its result, and the tasks after it decide what that means. Gives the
 * results in the order of the tasks, whichever was done first.
 */
export async function schedule<T>(tasks: readonly Task<T>[], limit: number): Promise<ReadonlyMap<string, T>> {
  const done = new Map<string, T>()
  const waiting = new Set(tasks)
  const names = new Set(tasks.map(({ name }) => name))
  const running = new Set<Promise<void>>()
  const ready = (task: Task<T>): boolean => task.needs.every((need) => done.has(need) || !names.has(need))
  while (waiting.size > 0 || running.size > 0) {
    for (const task of waiting) {
      if (running.size >= limit) break
      if (!ready(task)) continue
      waiting.delete(task)
      const one: Promise<void> = task.work(done).then((result) => {
        done.set(task.name, result)
        running.delete(one)
      })
      running.add(one)
    }
    if (running.size === 0)
      throw new Error(`tasks wait for each other: ${[...waiting].map(({ name }) => name).join(", ")}`)
    await Promise.race(running)
  }
  return new Map(tasks.map(({ name }) => [name, done.get(name) as T]))
}
