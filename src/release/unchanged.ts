import type { Done } from "../build/outcome.ts"
import type { Place } from "../state/place.ts"
import type { ReleasedImage } from "../state/release.ts"

/** A row that is in the release before with the same digests and checks needs no request. */
export function unchanged(before: ReleasedImage, platforms: readonly Done[], target: Place): ReleasedImage | undefined {
  const same =
    Object.keys(before.platforms).length === platforms.length &&
    platforms.every(({ platform, digest, checks, place, key }) => {
      const old = before.platforms[platform]
      return place === target && checks === undefined && old?.digest === digest && old.key === key
    })
  if (!same) return undefined
  const { carriedFrom: _, ...rest } = before
  return rest
}
