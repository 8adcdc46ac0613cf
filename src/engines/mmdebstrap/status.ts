import type { Versioned } from "./names.ts"

/** Packages that dpkg has installed, sorted by name, from the text of `/var/lib/dpkg/status`. */
export function installedOf(status: string): Versioned[] {
  return status
    .split(/\n\n+/)
    .flatMap((stanza) => {
      const field = (name: string): string | undefined =>
        new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(stanza)?.[1]?.trim()
      const [name, version] = [field("Package"), field("Version")]
      const isInstalled = field("Status")?.endsWith(" installed") === true
      return name === undefined || version === undefined || !isInstalled ? [] : [{ name, version }]
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** What differs between the lock and what was installed, one line each; none if they agree. */
export function differences(locked: readonly Versioned[], installed: readonly Versioned[]): readonly string[] {
  const wanted = new Map(locked.map(({ name, version }) => [name, version]))
  const there = new Map(installed.map(({ name, version }) => [name, version]))
  const names = [...new Set([...wanted.keys(), ...there.keys()])].sort()
  return names.flatMap((name) => {
    const [want, is] = [wanted.get(name), there.get(name)]
    if (want === is) return []
    if (want === undefined) return [`${name} ${is} is installed, but not locked`]
    return [`${name} ${want} is locked, but ${is === undefined ? "not installed" : `${is} is installed`}`]
  })
}
