import type { Problem } from "../config/row.ts"
import type { Requirement } from "../tree/step.ts"
import type { PlacedRequirement } from "./read-requirements.ts"

/**
 * One list from several. The same package may be there twice under different markers; twice under one marker it must be
 * the same version, and extras and hashes are joined.
 */
export function joinRequirements(all: readonly PlacedRequirement[]): {
  readonly requirements: readonly Requirement[]
  readonly problems: readonly Problem[]
} {
  const joined = new Map<string, PlacedRequirement>()
  const problems: Problem[] = []
  for (const one of all) {
    const { name, version, marker } = one.requirement
    const key = `${name};${marker ?? ""}`
    const other = joined.get(key)
    if (other === undefined) joined.set(key, one)
    else if (other.requirement.version === version)
      joined.set(key, { ...other, requirement: union(other.requirement, one.requirement) })
    else
      problems.push({
        at: { file: one.file, line: one.line, column: 1 },
        rule: "two-versions",
        message: `${name} is ${version} here and ${other.requirement.version} in ${other.file}:${other.line}`,
        hint: "Compile both lists together, so that they agree",
      })
  }
  const requirements = [...joined.values()].map(({ requirement }) => requirement).sort(byName)
  return { requirements, problems: [...problems, ...unmarkedTwice(joined)] }
}

/** A version without a marker always holds, so another version with one would be installed beside it. */
function unmarkedTwice(joined: ReadonlyMap<string, PlacedRequirement>): readonly Problem[] {
  return [...joined.values()].flatMap((one): readonly Problem[] => {
    const { name, version, marker } = one.requirement
    const always = joined.get(`${name};`)
    if (marker === undefined || always === undefined || always.requirement.version === version) return []
    const message = `${name} is ${version} here and always ${always.requirement.version} in ${always.file}:${always.line}`
    return [{ at: { file: one.file, line: one.line, column: 1 }, rule: "two-versions", message }]
  })
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
