import { Failure } from "../../failure.ts"

/** What the cache had was wrong and has been removed: it goes well when it is tried again. */
export class CacheMended extends Failure {
  constructor(what: string) {
    super("temporary", what, { hint: "Run the command again" })
  }
}

/**
 * Runs `work` again as long as it finds that the cache was wrong, `most` times. Rows that are made at the same time
 * share what they make, so that it may be another one that found it.
 */
export async function untilMended<T>(most: number, work: () => Promise<T>): Promise<T> {
  for (let left = most; ; left--) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof CacheMended) || left === 0) throw error
    }
  }
}
