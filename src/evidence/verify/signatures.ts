import type { Descriptor } from "../../oci/descriptor.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Location } from "../../oci/store/store.ts"
import { mostBundles, readBundles } from "../record/bundles.ts"
import { count } from "../../report/format.ts"
import { artifactTypes } from "../../tree/labels.ts"
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
  const { judgeBundle } = await import("../sign/trust.ts")
  const signed = new Set<Digest>()
  const by = new Set<string>()
  const not: string[] = []
  for (const { manifest, ...bundle } of bundles) {
    const judged = "problem" in bundle ? { no: bundle.problem } : judgeBundle(bundle.bytes, trusted)
    if ("no" in judged) not.push(`${manifest}: ${judged.no}`)
    else if (!judged.digests.has(image.digest)) not.push(`${manifest}: it is about something else`)
    else {
      by.add(judged.by)
      for (const digest of judged.digests) if (digest !== image.digest) signed.add(digest)
    }
  }
  const many = referrers.filter(({ artifactType }) => artifactType === artifactTypes.bundle).length - mostBundles
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
