import { canonicalJson } from "../oci/canonical-json.ts"
import { digestOf, partsOf, type Digest } from "../oci/digest.ts"
import type { CheckSpec } from "../tree/checks.ts"

/** What was checked about which image: 64 hexadecimal digits (design, decision 6). */
export type CheckKey = string & { readonly __check: true }

/** Rises when the same specification asks more of an image than before. */
export const profileVersion = 1

const seen = new WeakMap<CheckSpec, Map<Digest, CheckKey>>()

/**
 * The key of an image's checks: its digest, the resolved checks with the notebooks' bytes, the profile's version.
 * Remembered, since a plan asks for the same one several times.
 */
export function checkKeyOf(image: Digest, checks: CheckSpec): CheckKey {
  const known = seen.get(checks)
  const found = known?.get(image)
  if (found !== undefined) return found
  const key = partsOf(digestOf(canonicalJson({ version: 1, image, checks, profileVersion }))).hex as CheckKey
  if (known === undefined) seen.set(checks, new Map([[image, key]]))
  else known.set(image, key)
  return key
}
