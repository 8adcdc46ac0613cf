import { z } from "zod"
import type { Digest } from "../../oci/digest.ts"
import { jsonOf } from "../../oci/json-of.ts"
import { digestMap, statementType } from "../record/provenance.ts"

/** What a signature of an image says, for cosign: nothing but which digests it is about. */
export const signatureType = "https://sigstore.dev/cosign/sign/v1"
/** https://github.com/secure-systems-lab/dsse: the type of what is in the envelope. */
export const payloadType = "application/vnd.in-toto+json"

/** The statement that a signature is made of: the image, and what was established about it. */
export function signatureStatement(subjects: readonly Digest[]): Buffer {
  const subject = subjects.map((digest) => ({ digest: digestMap(digest) }))
  return Buffer.from(JSON.stringify({ _type: statementType, subject, predicateType: signatureType, predicate: {} }))
}

const Statement = z.looseObject({
  _type: z.literal(statementType),
  subject: z.array(z.looseObject({ digest: z.record(z.string(), z.string()) })),
  predicateType: z.string(),
})

/** The digests that a statement is about, if it is a signature of an image. */
export function signedDigests(payload: Uint8Array): ReadonlySet<Digest> {
  const parsed = Statement.safeParse(jsonOf(payload))
  if (!parsed.success || parsed.data.predicateType !== signatureType) return new Set()
  const all = parsed.data.subject.flatMap(({ digest }) => Object.entries(digest))
  return new Set(all.map(([algorithm, hex]) => `${algorithm}:${hex}` as Digest))
}
