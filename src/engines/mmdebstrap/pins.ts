import type { Versioned } from "./names.ts"

/**
 * apt preferences that allow exactly these versions and nothing else, so that no other version and no package
 * beside them can be installed. https://manpages.debian.org/apt_preferences.5
 */
export function pinsOf(locked: readonly Versioned[]): string {
  const nothingElse = "Package: *\nPin: release *\nPin-Priority: -1\n"
  const allowed = locked.map(({ name, version }) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`)
  return [nothingElse, ...allowed].join("\n")
}
