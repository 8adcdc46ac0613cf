/**
 * What was asked for a key before, or is being asked, else what `ask` gives from now on. What fails is forgotten, so that
 * it is asked again.
 */
export function remembered<K, T>(known: Map<K, Promise<T>>, key: K, ask: () => Promise<T>): Promise<T> {
  const before = known.get(key)
  if (before !== undefined) return before
  const asked = ask()
  known.set(key, asked)
  asked.catch(() => known.delete(key))
  return asked
}
