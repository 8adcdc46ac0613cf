import type { Done } from "../build/outcome.ts"
import type { Place } from "../state/place.ts"
import type { Release, ReleasedImage } from "../state/release.ts"
import type { Image } from "../tree/tree.ts"
import type { Evidencing } from "./establish.ts"

/**
 * A row as the release before has it, where it is there with the same digests and checks: then nothing is asked for it. With a key, or when
 * evidence is renewed, also what did not change is looked at.
 */
export function unchanged(
  before: Release | undefined,
  { image, platforms }: { readonly image: Image; readonly platforms: readonly Done[] },
  { target, evidencing }: { readonly target: Place; readonly evidencing: Evidencing },
): ReleasedImage | undefined {
  if (evidencing.signer !== undefined || evidencing.renew) return undefined
  const released = before?.images.find(({ id }) => id === image.id)
  if (released === undefined) return undefined
  const same =
    Object.keys(released.platforms).length === platforms.length &&
    platforms.every(({ platform, digest, checks, place, key }) => {
      const old = released.platforms[platform]
      return place === target && checks === undefined && old?.digest === digest && old.key === key
    })
  if (!same) return undefined
  const { carriedFrom: _, ...rest } = released
  return rest
}
