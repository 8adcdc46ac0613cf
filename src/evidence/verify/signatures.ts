import type { Descriptor } from "../../oci/descriptor.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Location } from "../../oci/store/store.ts"
import { bundlesAmong, judgeBundles, readBundles } from "../record/bundles.ts"
import { count } from "../../report/format.ts"
import type { Trusted } from "../sign/trust.ts"
import { bad, note, ok, type Finding } from "./finding.ts"

/** What the signatures beside an image came to. */
export type Signatures = {
  readonly findings: readonly Finding[]
  /** What else those sign that count: the evidence. Undefined where nobody's signatures have to count. */
  readonly signed: ReadonlySet<Digest> | undefined
}

/**
 * Verifies the signatures of an image or an index. Where somebody is trusted one of theirs has to be there; others change nothing, and are
 * only named.
 */
export async function verifySignatures(
  image: Location,
  referrers: readonly Descriptor[],
  trusted: readonly Trusted[],
): Promise<Signatures> {
  const bundles = await readBundles(image, referrers)
  if (trusted.length === 0) {
    const says = bundles.length === 0 ? "not signed" : "signed, but nothing says whose signatures count"
    return { findings: [note("signature", says)], signed: undefined }
  }
  const { by, not, ...judged } = await judgeBundles(bundles, image.digest, trusted)
  const signed = new Set(judged.signed.flatMap((digests) => [...digests]).filter((digest) => digest !== image.digest))
  const many = bundlesAmong(referrers).length - bundles.length
  const unseen = many > 0 ? [note("signature", `${count(many, "signature")} more are not looked at`)] : []
  const names = trusted.map(({ name }) => name).join(", ")
  if (by.size === 0) {
    const says = not.length === 0 ? `not signed by ${names}` : `no signature of ${names} counts`
    return { findings: [bad("signature", says), ...not.map((one) => bad("signature", one)), ...unseen], signed }
  }
  return {
    findings: [
      ok("signature", [...by].join(", ")),
      ...not.map((one) => note("signature", `does not count: ${one}`)),
      ...unseen,
    ],
    signed,
  }
}
