import { startPool, type SegmentPool } from "../../packages/segment/pool.ts"

/** One pool for all rows that are built at the same time. */
export type SharedPool = { use<T>(work: (pool: SegmentPool) => Promise<T>): Promise<T> }

/** Starts the threads with the first user and ends them with the last, so that rows in parallel share one bound. */
export function sharedPool(workers: number): SharedPool {
  let pool: SegmentPool | undefined
  let users = 0
  return {
    async use(work) {
      pool ??= startPool(workers)
      users++
      const mine = pool
      try {
        return await work(mine)
      } finally {
        users--
        if (users === 0) {
          pool = undefined
          await mine[Symbol.asyncDispose]()
        }
      }
    },
  }
}
