import { parallel } from "../../../parallel.ts"
import type { Descriptor } from "../../descriptor.ts"
import { partsOf, type Digest } from "../../digest.ts"
import { ImageIndex, parseJson } from "../../manifest.ts"
import { mediaTypes } from "../../media-types.ts"
import { attachedTo, updateFallback } from "./fallback-tag.ts"
import { getManifest, putManifest } from "./manifests.ts"
import { pages } from "./pages.ts"
import { named, repositoryAt } from "./places.ts"
import { pullScope } from "./scope.ts"
import type { Answer, Call, Transport } from "./transport.ts"

export type Attachments = {
  readonly repository: string
  readonly subject: Digest
  readonly manifests: readonly Uint8Array[]
}

/** What a registry's referrers API is like; undefined until it was seen. */
export type ReferrersApi = {
  present: boolean | undefined
  /** True if it lists annotations, as it must and some do not. */
  faithful: boolean | undefined
}

/**
 * The manifests that refer to a subject: what the referrers API lists, and what the fallback tag does, since clients
 * of a registry that got the API later may have written that.
 */
export async function listReferrers(
  transport: Transport,
  api: ReferrersApi,
  { repository, subject }: { readonly repository: string; readonly subject: Digest },
): Promise<readonly Descriptor[]> {
  const [listed = [], tagged] = await Promise.all([
    api.present === false ? undefined : listByApi(transport, api, { repository, subject }),
    listByTag(transport, repository, subject),
  ])
  const byDigest = new Map(tagged.map((descriptor) => [descriptor.digest, descriptor]))
  for (const descriptor of listed) {
    const known = byDigest.get(descriptor.digest)
    if (known?.annotations === undefined || descriptor.annotations !== undefined)
      byDigest.set(descriptor.digest, descriptor)
  }
  return [...byDigest.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1))
}

/** `undefined` if the registry does not have the API. GCP answers with a page to log in, others with 400, 404 or 405. */
async function listByApi(
  transport: Transport,
  api: ReferrersApi,
  { repository, subject }: { readonly repository: string; readonly subject: Digest },
): Promise<readonly Descriptor[] | undefined> {
  const { endpoint } = transport.context
  const whole = repositoryAt(endpoint, repository)
  const call: Call = {
    method: "GET",
    url: `/v2/${whole}/referrers/${subject}`,
    scopes: [pullScope(whole)],
    doing: `list what refers to ${named(endpoint, whole, subject)}`,
    headers: { accept: mediaTypes.ociIndex },
  }
  const found: Descriptor[] = []
  for await (const answer of pages(transport, call)) {
    const here = await indexOf(transport, answer)
    if (here === "unknown repository") return []
    if (here === "no api") {
      api.present = false
      return undefined
    }
    if (here === undefined) throw await transport.refused(call, answer)
    api.present = true
    found.push(...here.manifests)
  }
  return found
}

async function indexOf(
  transport: Transport,
  answer: Answer,
): Promise<ImageIndex | "no api" | "unknown repository" | undefined> {
  if (answer.status === 200) {
    const type = answer.headers["content-type"] ?? ""
    if (!type.startsWith(mediaTypes.ociIndex)) return "no api"
    return parseJson(answer.bytes, ImageIndex, `the list of referrers of ${transport.context.endpoint.host}`)
  }
  if (![400, 404, 405, 406, 501].includes(answer.status) && (answer.status < 300 || answer.status >= 400))
    return undefined
  const errors = await transport.errors(answer)
  return errors.some(({ code }) => code === "NAME_UNKNOWN") ? "unknown repository" : "no api"
}

async function listByTag(transport: Transport, repository: string, subject: Digest): Promise<readonly Descriptor[]> {
  const found = await getManifest(transport, repository, fallbackTag(subject))
  if (found === undefined) return []
  const { mediaType, digest } = found.manifest.descriptor
  // Another tool's tag of the same form is no list of ours.
  if (mediaType !== mediaTypes.ociIndex) return []
  return parseJson(found.manifest.bytes, ImageIndex, `the fallback list of referrers ${digest}`).manifests
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema */
export function fallbackTag(subject: Digest): string {
  const { algorithm, hex } = partsOf(subject)
  return `${algorithm.slice(0, 32)}-${hex.slice(0, 64)}`
}

/**
 * Puts manifests that have a subject. Where the registry does not say that it took note of the subject, or does not
 * list them as they are when asked, the fallback tag is written, once for all. Fails with `cannot` when one has another
 * subject.
 */
export async function attachManifests(
  transport: Transport,
  api: ReferrersApi,
  { repository, subject, manifests }: Attachments,
): Promise<readonly Descriptor[]> {
  const all = manifests.map((bytes) => ({ bytes, attached: attachedTo({ subject, bytes }) }))
  const attached = all.map((one) => one.attached)
  const echoed = await parallel(all, atOnce, async ({ bytes, attached: { mediaType } }) => {
    const { headers } = await putManifest(transport, repository, { bytes, mediaType })
    return headers["oci-subject"] === subject
  })
  // An echoed header alone is no proof: some registries gave it before they had the API.
  if (echoed.every(Boolean) && api.faithful === true) return attached
  let missing: readonly Descriptor[] = attached
  if (api.present !== false && api.faithful !== false) {
    const listed = (await listByApi(transport, api, { repository, subject })) ?? []
    const found = (one: Descriptor): Descriptor | undefined => listed.find(({ digest }) => digest === one.digest)
    missing = attached.filter((one) => !isListed(one, found(one)))
    const telling = attached.filter((one) => found(one) !== undefined && Object.keys(one.annotations ?? {}).length > 0)
    if (telling.length > 0) api.faithful = telling.every((one) => !missing.includes(one))
  }
  if (missing.length > 0) await updateFallback(transport, { repository, tag: fallbackTag(subject), attached: missing })
  return attached
}

/** Manifests of one subject that are put at once. */
const atOnce = 4

function isListed(attached: Descriptor, found: Descriptor | undefined): boolean {
  if (found === undefined) return false
  const wanted = Object.entries(attached.annotations ?? {})
  return (
    found.artifactType === attached.artifactType && wanted.every(([name, value]) => found.annotations?.[name] === value)
  )
}
