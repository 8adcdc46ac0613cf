import { linuxEnvironment, markerHolds } from "../../environment/markers.ts"
import { Failure } from "../../failure.ts"
import type { Platform } from "../../oci/platform.ts"
import { machineOf } from "../../packages/tags/supported.ts"
import { normalName } from "../../packages/wheel/filename.ts"
import { normalVersion } from "../../packages/wheel/versions.ts"
import type { Prefix, Requirement } from "../../tree/step.ts"

type Context = {
  readonly prefix: Prefix
  readonly platform: Platform
  readonly installed: ReadonlyMap<string, string>
  /** What the parent has in another version gives way. */
  readonly replace?: boolean | undefined
  /** The row's name. */
  readonly name: string
}

export type Selected = {
  /** What has to be installed, sorted by name. */
  readonly wanted: readonly Requirement[]
  /** Those of them that the parent has in another version, with that version. */
  readonly replaced: ReadonlyMap<string, string>
}

/**
 * The requirements that have to be installed: those whose marker holds, without what the parent has in the same
 * version. Fails with `no`, naming both versions, where the parent has another and `replace` is not set.
 */
export function selectRequirements(requirements: readonly Requirement[], context: Context): Selected {
  const environment = linuxEnvironment(context.prefix.python, machineOf(context.platform) ?? "")
  const chosen = new Map<string, Requirement>()
  for (const requirement of requirements) {
    if (!markerHolds(requirement.marker, environment)) continue
    const name = normalName(requirement.name)
    const other = chosen.get(name)
    if (other !== undefined && normalVersion(other.version) !== normalVersion(requirement.version)) {
      throw new Failure(
        "no",
        `\`${context.name}\` wants ${name} in two versions, ${other.version} and ${requirement.version}`,
        {
          hint: "Lock again, or make their markers exclude each other",
        },
      )
    }
    if (
      other !== undefined &&
      (other.url !== requirement.url || (other.url !== undefined && !sameHashes(other, requirement)))
    ) {
      throw new Failure("no", `\`${context.name}\` wants ${name} ${other.version} from two places`, {
        hint: "A package comes from an index or from one URL: lock again, or make their markers exclude each other",
      })
    }
    const hashes = [...new Set([...(other?.hashes ?? []), ...requirement.hashes])].sort()
    chosen.set(name, { ...requirement, name, hashes })
  }
  const clashes: string[] = []
  const replaced = new Map<string, string>()
  const wanted = [...chosen.values()].filter(({ name, version }) => {
    const there = context.installed.get(name)
    if (there === undefined) return true
    if (normalVersion(there) === normalVersion(version)) return false
    if (context.replace === true) replaced.set(name, there)
    else clashes.push(`${name} ${there}, and \`${context.name}\` wants ${version}`)
    return true
  })
  if (clashes.length > 0) {
    throw new Failure(
      "no",
      `The parent has ${clashes[0]}${clashes.length > 1 ? ` (and ${clashes.length - 1} more)` : ""}`,
      {
        ...(clashes.length > 1 ? { detail: clashes.map((clash) => `  ${clash}`).join("\n") } : {}),
        hint: "An image has one environment: lock the parent's version here, change the parent, or set `replace: true` in `environment`",
      },
    )
  }
  return { wanted: wanted.sort((a, b) => (a.name < b.name ? -1 : 1)), replaced }
}

function sameHashes(a: Requirement, b: Requirement): boolean {
  return a.hashes.join() === b.hashes.join()
}
