import type { Problem } from "../config/row.ts"
import type { Requirement } from "../tree/step.ts"
import type { PlacedRequirement } from "./read-requirements.ts"

/**
 * One list from several. The same package may be there twice under different markers; twice under one marker it must be
 * the same version from the same place, and extras and hashes are joined.
 */
export function joinRequirements(all: readonly PlacedRequirement[]): {
  readonly requirements: readonly Requirement[]
  readonly problems: readonly Problem[]
} {
  const joined = new Map<string, PlacedRequirement>()
  const problems: Problem[] = []
  for (const one of all) {
    const { name, marker } = one.requirement
    const key = `${name};${marker ?? ""}`
    const other = joined.get(key)
    if (other === undefined) joined.set(key, one)
    else if (agree(other.requirement, one.requirement))
      joined.set(key, { ...other, requirement: union(other.requirement, one.requirement) })
    else
      problems.push({
        at: { file: one.file, line: one.line, column: 1 },
        rule: "two-versions",
        message: `${name} is ${wanted(one)} here and ${wanted(other)} in ${other.file}:${other.line}`,
        hint: "Compile both lists together, so that they agree",
      })
  }
  const requirements = [...joined.values()].map(({ requirement }) => requirement).sort(byName)
  return { requirements, problems: [...problems, ...unmarkedTwice(joined)] }
}

/** A version without a marker always holds, so another version with one would be installed beside it. */
function unmarkedTwice(joined: ReadonlyMap<string, PlacedRequirement>): readonly Problem[] {
  return [...joined.values()].flatMap((one): readonly Problem[] => {
    const { name, marker } = one.requirement
    const always = joined.get(`${name};`)
    if (marker === undefined || always === undefined || agree(always.requirement, one.requirement)) return []
    const message = `${name} is ${wanted(one)} here and always ${wanted(always)} in ${always.file}:${always.line}`
    return [{ at: { file: one.file, line: one.line, column: 1 }, rule: "two-versions", message }]
  })
}

/** The same version, and from the same URL the same file. */
function agree(a: Requirement, b: Requirement): boolean {
  if (a.version !== b.version || a.url !== b.url) return false
  return a.url === undefined || a.hashes.join() === b.hashes.join()
}

/** What a place wants of a package, for a message that compares two. */
function wanted({ requirement: { version, url, hashes } }: PlacedRequirement): string {
  return url === undefined ? version : `${version} from ${url} with ${hashes.join()}`
}

function union(a: Requirement, b: Requirement): Requirement {
  return {
    ...a,
    extras: [...new Set([...a.extras, ...b.extras])].sort(),
    hashes: [...new Set([...a.hashes, ...b.hashes])].sort(),
  }
}

function byName(a: Requirement, b: Requirement): number {
  return compare(a.name, b.name) || compare(a.version, b.version) || compare(a.marker ?? "", b.marker ?? "")
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
