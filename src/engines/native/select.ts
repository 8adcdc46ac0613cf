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
  /** The row's name. */
  readonly name: string
}

/**
 * The requirements that have to be installed, sorted by name: those whose marker holds, without what the parent has
 * in the same version. Fails with `no`, naming both versions, where the parent has another.
 */
export function selectRequirements(requirements: readonly Requirement[], context: Context): Requirement[] {
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
    const hashes = [...new Set([...(other?.hashes ?? []), ...requirement.hashes])].sort()
    chosen.set(name, { ...requirement, name, hashes })
  }
  const clashes: string[] = []
  const wanted = [...chosen.values()].filter(({ name, version }) => {
    const there = context.installed.get(name)
    if (there === undefined) return true
    if (normalVersion(there) !== normalVersion(version))
      clashes.push(`${name} ${there}, and \`${context.name}\` wants ${version}`)
    return false
  })
  if (clashes.length > 0) {
    throw new Failure(
      "no",
      `The parent has ${clashes[0]}${clashes.length > 1 ? ` (and ${clashes.length - 1} more)` : ""}`,
      {
        ...(clashes.length > 1 ? { detail: clashes.map((clash) => `  ${clash}`).join("\n") } : {}),
        hint: "An image has one environment: lock the parent's version here, or change the parent",
      },
    )
  }
  return wanted.sort((a, b) => (a.name < b.name ? -1 : 1))
}
