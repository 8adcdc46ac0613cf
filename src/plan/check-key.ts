import { canonicalJson } from "../oci/canonical-json.ts"
import { digestOf, partsOf, type Digest } from "../oci/digest.ts"
import type { CheckSpec } from "../tree/checks.ts"

/** What was checked about which image: 64 hexadecimal digits (design, decision 6). */
export type CheckKey = string & { readonly __check: true }

/** Rises when the same specification asks more of an image than before. */
export const profileVersion = 1

/** The key of an image's checks: its digest, the resolved checks with the notebooks' bytes, the profile's version. */
export function checkKeyOf(image: Digest, checks: CheckSpec): CheckKey {
  return partsOf(digestOf(canonicalJson({ version: 1, image, checks, profileVersion }))).hex as CheckKey
}
