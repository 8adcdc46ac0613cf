import { normalName } from "./filename.ts"
import type { WheelFacts } from "./inspect.ts"
import { normalVersion } from "./versions.ts"

/**
 * The distribution that a name in site-packages stands for, where that is not the wheel's own: who lists what is
 * installed goes by the names of `.dist-info` folders, and of `.egg-info` files and folders, in any case of letters.
 * An `.egg-info` of the wheel's own is left over by a build, and says the same. Undefined for any other name.
 */
export function otherDistribution(
  top: string,
  own: Pick<WheelFacts, "name" | "version" | "distInfo">,
): string | undefined {
  if (top === own.distInfo) return undefined
  const [, what = "", kind = ""] = /^(.*)\.(dist|egg)-info$/i.exec(top) ?? []
  if (kind === "") return undefined
  const [, name = what, version] = /^(.+?)-([^-]+)(?:-py\d.*)?$/.exec(what) ?? []
  const isOwn =
    kind.toLowerCase() === "egg" &&
    normalName(name) === normalName(own.name) &&
    (version === undefined || normalVersion(version) === normalVersion(own.version))
  return isOwn ? undefined : [name, version].filter((part) => part !== undefined && part !== "").join(" ")
}
