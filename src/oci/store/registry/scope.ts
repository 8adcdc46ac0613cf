/** `repository:NAME:pull` or `repository:NAME:pull,push`: what a token is asked for. */
export type Scope = `repository:${string}:${string}`

/** Reads of a repository; `repository` is the whole path below the host. */
export function pullScope(repository: string): Scope {
  return `repository:${repository}:pull`
}

/** Reads and writes of a repository. */
export function pushScope(repository: string): Scope {
  return `repository:${repository}:pull,push`
}

/** True if what is granted includes all that is wanted. */
export function covers(granted: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((scope) => {
    const { name, actions } = parts(scope)
    const held = new Set(granted.map(parts).flatMap((other) => (other.name === name ? other.actions : [])))
    return actions.every((action) => held.has(action))
  })
}

/** The scopes of two lists, actions of one resource joined, in order. */
export function joinScopes(a: readonly string[], b: readonly string[]): readonly string[] {
  const joined = new Map<string, Set<string>>()
  for (const { name, actions } of [...a, ...b].map(parts)) {
    const known = joined.get(name) ?? new Set()
    for (const action of actions) known.add(action)
    joined.set(name, known)
  }
  return [...joined].map(([name, actions]) => `${name}:${[...actions].sort().join(",")}`).sort()
}

function parts(scope: string): { name: string; actions: readonly string[] } {
  const colon = scope.lastIndexOf(":")
  return { name: scope.slice(0, colon), actions: scope.slice(colon + 1).split(",") }
}
