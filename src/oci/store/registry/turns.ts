/** Lets what has the same name happen one after another, in the order in which it was asked for. */
export type Turns = <T>(name: string, work: () => Promise<T>) => Promise<T>

/** Turns within this process. */
export function makeTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return async (name, work) => {
    const before = last.get(name)
    const mine = before === undefined ? work() : before.then(work, work)
    const ended = mine.then(
      () => undefined,
      () => undefined,
    )
    last.set(name, ended)
    void ended.then(() => (last.get(name) === ended ? last.delete(name) : false))
    return await mine
  }
}
