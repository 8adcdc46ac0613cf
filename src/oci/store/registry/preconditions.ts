import type { Digest } from "../../digest.ts"
import { sendManifest, type Put } from "./manifests.ts"
import type { Answer, Call, Transport } from "./transport.ts"

/** Which conditions of a write a registry honours; undefined until that was seen. */
export type Preconditions = { ifMatch: boolean | undefined; ifNoneMatch: boolean | undefined }

/** An entity tag that no manifest has. */
const nobody = '"nbstacks-asks-whether-if-match-is-honoured"'

export type Conditional = {
  readonly repository: string
  readonly put: Put
  /** What the tag is believed to be; undefined: whatever it is. */
  readonly expect: Digest | "absent" | undefined
  /** Of what the tag is now. */
  readonly etag: string | undefined
}

type Sent = { readonly call: Call; readonly answer: Answer; readonly exact: boolean }

/**
 * Writes a tag under the condition that it is what is expected, if the registry honours that. An `ETag` does not say
 * so: the CNCF registry gives one and ignores `If-Match`. So the first write goes under a condition that is false: who
 * answers 412 honours conditions, and is asked again properly; who takes it has written what was to be written.
 */
export async function putConditionally(
  transport: Transport,
  preconditions: Preconditions,
  { repository, put, expect, etag }: Conditional,
): Promise<Sent> {
  const send = async (headers: Readonly<Record<string, string>>, exact: boolean): Promise<Sent> => ({
    ...(await sendManifest(transport, repository, { ...put, headers })),
    exact,
  })
  if (expect === undefined) return await send({}, false)
  if (preconditions.ifMatch === undefined) {
    const probe = await send({ "if-match": nobody }, false)
    const { status } = probe.answer
    preconditions.ifMatch = status === 412
    const notUnderstood = status === 400 || status === 405 || status === 501
    if (status !== 412 && !notUnderstood) return probe
  }
  if (!preconditions.ifMatch) return await send({}, false)
  if (expect !== "absent") {
    const strong = etag !== undefined && !etag.startsWith("W/")
    return strong ? await send({ "if-match": etag }, true) : await send({}, false)
  }
  if (preconditions.ifNoneMatch === false) return await send({}, false)
  const first = await send({ "if-none-match": "*" }, true)
  if (first.answer.status < 200 || first.answer.status >= 300 || preconditions.ifNoneMatch === true) return first
  // The tag is there now, so that the same request has to fail; where it does not, it wrote the same once more.
  const second = await send({ "if-none-match": "*" }, true)
  preconditions.ifNoneMatch = second.answer.status === 412
  return { ...first, exact: preconditions.ifNoneMatch }
}
