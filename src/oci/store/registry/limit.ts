/** Gives a place to at most so many at a time, in the order in which they asked. */
export type Limit = {
  /** Waits for a place. Disposing it gives it back; so does an abort while waiting, which rejects with the reason. */
  acquire(signal?: AbortSignal): Promise<Disposable>
}

/** A limit of `places`. */
export function makeLimit(places: number): Limit {
  let free = places
  const waiting = new Set<() => void>()
  const release = (): void => {
    const [next] = waiting
    if (next === undefined) free += 1
    else {
      waiting.delete(next)
      next()
    }
  }
  const place = (): Disposable => {
    let held = true
    return {
      [Symbol.dispose]() {
        if (held) release()
        held = false
      },
    }
  }
  return {
    async acquire(signal) {
      signal?.throwIfAborted()
      if (free > 0) {
        free -= 1
        return place()
      }
      await new Promise<void>((resolve, reject) => {
        const turn = (): void => {
          signal?.removeEventListener("abort", stop)
          resolve()
        }
        const stop = (): void => {
          waiting.delete(turn)
          reject(signal?.reason as Error)
        }
        waiting.add(turn)
        signal?.addEventListener("abort", stop, { once: true })
      })
      return place()
    },
  }
}
