import { Failure } from "../../../failure.ts"
import type { Digest } from "../../digest.ts"
import type { Manifest, Tagged } from "../store.ts"
import { checkStored, getManifest, headManifest } from "./manifests.ts"
import { named, repositoryAt } from "./places.ts"
import { putConditionally, type Preconditions } from "./preconditions.ts"
import type { Answer, Transport } from "./transport.ts"

export type Tagging = {
  readonly repository: string
  readonly tag: string
  readonly to: Digest
  /** What the tag must be before; anything if undefined. */
  readonly expect: Digest | "absent" | undefined
  /** The manifest, where this process has just put it into the repository: it is not asked for again. */
  readonly known?: Manifest | undefined
}

/**
 * Points a tag at a manifest of the repository. Exact where the registry is known to honour preconditions; else read,
 * written and read again, which tells two writers apart unless they are very close. Fails with `no` when the tag is
 * not what was expected, was moved meanwhile, or may not be moved.
 */
export async function putTag(transport: Transport, preconditions: Preconditions, tagging: Tagging): Promise<Tagged> {
  const { repository, tag, to, expect } = tagging
  const { endpoint } = transport.context
  const whole = repositoryAt(endpoint, repository)
  const name = named(endpoint, whole, tag)
  const before = await headManifest(transport, repository, tag)
  const replaced = before?.descriptor.digest
  if (expect !== undefined && (replaced ?? "absent") !== expect) throw moved(name, { expect, found: replaced })

  if (replaced === to && expect === undefined) return { guarantee: "observed", replaced }
  const source = tagging.known ?? (await getManifest(transport, repository, to))?.manifest
  if (source === undefined) throw new Failure("cannot", `There is no ${named(endpoint, whole, to)} to tag as ${tag}`)
  const result = replaced === undefined ? {} : { replaced }
  const { bytes, descriptor } = source
  const { call, answer, exact } = await putConditionally(transport, preconditions, {
    repository,
    put: { reference: tag, bytes, mediaType: descriptor.mediaType },
    expect,
    etag: before?.etag,
  })
  if (answer.status >= 200 && answer.status < 300) {
    checkStored(transport, { answer, digest: to, call })
    if (exact) return { guarantee: "exact", ...result }
  } else if (answer.status !== 412) {
    const failure = await transport.refused(call, answer)
    if (!(await isImmutable(transport, answer))) throw failure
    throw new Failure("no", `${name} cannot be moved: the registry keeps its tags as they are`, { cause: failure })
  }
  const now = (await headManifest(transport, repository, tag))?.descriptor.digest
  // After a 412, too: the answer to our own first try may have been lost.
  if (now === to) return { guarantee: exact ? "exact" : "observed", ...result }
  throw moved(name, { expect: expect ?? to, found: now })
}

function moved(name: string, tag: { readonly expect: Digest | "absent"; readonly found: Digest | undefined }): Failure {
  const found = tag.found === undefined ? "is absent" : `is ${tag.found}`
  return new Failure("no", `Somebody else moved ${name}: it ${found}, and not ${tag.expect}`, {
    hint: "Run the command again: it will look at what is there now",
  })
}

/** ECR, Harbor and others refuse to move a tag by different statuses. */
async function isImmutable(transport: Transport, answer: Answer): Promise<boolean> {
  const errors = await transport.errors(answer)
  return errors.some(
    ({ code, message }) => code === "TAG_INVALID" || /immutable|already exists/i.test(`${code} ${message}`),
  )
}
