/** Something that all rows which are built at the same time share. */
export type Shared<T> = { use<R>(work: (value: T) => Promise<R>): Promise<R> }

/** Starts it with the first user and ends it with the last, so that rows in parallel share one bound. */
export function shared<T extends AsyncDisposable>(start: () => T): Shared<T> {
  let value: T | undefined
  let users = 0
  return {
    async use(work) {
      value ??= start()
      users++
      const mine = value
      try {
        return await work(mine)
      } finally {
        users--
        if (users === 0) {
          value = undefined
          await mine[Symbol.asyncDispose]()
        }
      }
    },
  }
}
