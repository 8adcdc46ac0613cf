import { Failure } from "../../../failure.ts"
import type { Headers } from "../../../host/http.ts"
import type { Descriptor } from "../../descriptor.ts"
import { digestOf, isDigest, partsOf, type Digest } from "../../digest.ts"
import { mediaTypes } from "../../media-types.ts"
import type { Manifest } from "../store.ts"
import { checkedReference, named, repositoryAt } from "./places.ts"
import { pause } from "./pause.ts"
import { pullScope, pushScope } from "./scope.ts"
import type { Answer, Call, Transport } from "./transport.ts"

/** The size that every registry takes, in bytes (distribution specification, “Pushing Manifests”). */
const manifestLimit = 4 * 1024 * 1024

const accept = [mediaTypes.ociIndex, mediaTypes.ociManifest, mediaTypes.dockerList, mediaTypes.dockerManifest].join(
  ", ",
)

/** A manifest and the `ETag` under which it was given. */
export type Tagged = { readonly manifest: Manifest; readonly etag: string | undefined }

/**
 * Reads a manifest by tag or digest and verifies it against the digest that was asked for and the one that the
 * registry names. Fails with `cannot` when they differ, or when it is no JSON or over 4 MiB.
 */
export async function getManifest(
  transport: Transport,
  repository: string,
  reference: string,
): Promise<Tagged | undefined> {
  const call = manifestCall(transport, repository, { method: "GET", reference })
  const answer = await transport.fetch(call, manifestLimit)
  if (answer.status === 404) return undefined
  if (answer.status !== 200) throw await transport.refused(call, answer)
  const { endpoint } = transport.context
  const name = named(endpoint, repositoryAt(endpoint, repository), reference)
  const digest = verified(answer, { reference, name, host: endpoint.host })
  const mediaType = mediaTypeOf(answer.headers, answer.bytes, name)
  const descriptor = { mediaType, digest, size: answer.bytes.length }
  return { manifest: { descriptor, bytes: answer.bytes }, etag: answer.headers["etag"] }
}

function verified(
  { bytes, headers }: Answer,
  { reference, name, host }: { readonly reference: string; readonly name: string; readonly host: string },
): Digest {
  const claimed = headers["docker-content-digest"] ?? ""
  const expected = [reference, claimed].filter(isDigest)
  const wrong = expected.find((digest) => digestOf(bytes, partsOf(digest).algorithm) !== digest)
  if (wrong === undefined) return expected[0] ?? digestOf(bytes)
  throw new Failure("cannot", `${host} sent other bytes than ${name}: their digest is not ${wrong}`, {
    hint: "Its copy, or a cache before it, is damaged",
  })
}

/**
 * What a manifest says it is; else what the registry says, else what it looks like. They must not disagree, or one
 * reader sees an index and another an image.
 */
function mediaTypeOf(headers: Headers, bytes: Uint8Array, name: string): string {
  const fields = jsonFields(bytes, name)
  const header = typeIn(headers)
  const { mediaType: inside } = fields
  if (typeof inside === "string" && inside !== "") {
    if (!isKnown(header) || header === inside) return inside
    throw new Failure("cannot", `Cannot read ${name}: it calls itself ${inside}, its registry calls it ${header}`)
  }
  if (isKnown(header)) return header
  if (Array.isArray(fields["manifests"])) return mediaTypes.ociIndex
  if (Array.isArray(fields["layers"]) && typeof fields["config"] === "object") return mediaTypes.ociManifest
  throw new Failure("cannot", `Cannot read ${name}: it is no image manifest and no index (${header.slice(0, 100)})`)
}

function jsonFields(bytes: Uint8Array, name: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new Failure("cannot", `Cannot read ${name}: it is no JSON`, { cause })
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value }
  throw new Failure("cannot", `Cannot read ${name}: it is no JSON object`)
}

function typeIn(headers: Headers): string {
  return (headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? ""
}

function isKnown(mediaType: string): boolean {
  return (Object.values(mediaTypes) as readonly string[]).includes(mediaType)
}

/** The descriptor of a manifest by a HEAD request, or by reading it where the answer is not complete. */
export async function headManifest(
  transport: Transport,
  repository: string,
  reference: string,
): Promise<{ readonly descriptor: Descriptor; readonly etag: string | undefined } | undefined> {
  const call = manifestCall(transport, repository, { method: "HEAD", reference })
  const answer = await transport.fetch(call, 0)
  if (answer.status === 404) return undefined
  if (answer.status !== 200 && answer.status !== 405) throw await transport.refused(call, answer)
  const { etag, "content-length": length = "" } = answer.headers
  const claimed = answer.headers["docker-content-digest"] ?? ""
  const digest = isDigest(reference) ? reference : isDigest(claimed) ? claimed : undefined
  const mediaType = typeIn(answer.headers)
  const size = /^\d+$/.test(length) ? Number(length) : 0
  if (answer.status === 200 && digest !== undefined && size > 0 && isKnown(mediaType)) {
    return { descriptor: { mediaType, digest, size }, etag }
  }
  const read = await getManifest(transport, repository, reference)
  return read === undefined ? undefined : { descriptor: read.manifest.descriptor, etag: read.etag }
}

export type Put = {
  /** A tag or the digest of the bytes. */
  readonly reference: string
  readonly bytes: Uint8Array
  readonly mediaType: string
  /** Preconditions. */
  readonly headers?: Headers
}

/** Sends a manifest and gives the call and its answer, of whatever status. Fails with `cannot` when it is over 4 MiB. */
export async function sendManifest(
  transport: Transport,
  repository: string,
  { reference, bytes, mediaType, headers }: Put,
): Promise<{ readonly call: Call; readonly answer: Answer }> {
  const call: Call = {
    ...manifestCall(transport, repository, { method: "PUT", reference }),
    headers: { ...headers, "content-type": mediaType },
    body: bytes,
  }
  if (bytes.length > manifestLimit) {
    throw new Failure(
      "cannot",
      `Cannot ${call.doing}: it has ${bytes.length} bytes, and registries take ${manifestLimit}`,
    )
  }
  for (let tried = 1; ; tried++) {
    const answer = await transport.fetch(call, manifestLimit)
    if (answer.status !== 400 || tried === triesOnHalfWritten || !(await isHalfWritten(transport, answer)))
      return { call, answer }
    await pause(transport.context, tried)
  }
}

/** How often a manifest is sent whose blobs a registry does not see yet. */
const triesOnHalfWritten = 4

/**
 * The CNCF registry writes blobs that are there once more when they are uploaded again, in place: a manifest that
 * another client sends meanwhile finds half a blob.
 */
async function isHalfWritten(transport: Transport, answer: Answer): Promise<boolean> {
  const errors = await transport.errors(answer)
  return errors.some(({ code }) => code === "MANIFEST_BLOB_UNKNOWN" || code === "DIGEST_INVALID")
}

/** Puts a manifest by its digest. */
export async function putManifest(
  transport: Transport,
  repository: string,
  { bytes, mediaType }: { readonly bytes: Uint8Array; readonly mediaType: string },
): Promise<{ readonly digest: Digest; readonly headers: Headers }> {
  const digest = digestOf(bytes)
  const { call, answer } = await sendManifest(transport, repository, { reference: digest, bytes, mediaType })
  if (answer.status < 200 || answer.status >= 300) throw await transport.refused(call, answer)
  checkStored(transport, { answer, digest, call })
  return { digest, headers: answer.headers }
}

/** Fails with `cannot` when a registry says that it stored something else than it was sent. */
export function checkStored(
  { context: { endpoint } }: Transport,
  { answer, digest, call }: { readonly answer: Answer; readonly digest: Digest; readonly call: Call },
): void {
  const claimed = answer.headers["docker-content-digest"] ?? digest
  if (!isDigest(claimed) || partsOf(claimed).algorithm !== partsOf(digest).algorithm || claimed === digest) return
  throw new Failure("cannot", `Cannot ${call.doing}: ${endpoint.host} stored ${claimed} for it`)
}

function manifestCall(
  { context: { endpoint } }: Transport,
  repository: string,
  { method, reference }: { readonly method: "GET" | "HEAD" | "PUT"; readonly reference: string },
): Call {
  const whole = repositoryAt(endpoint, repository)
  const name = named(endpoint, whole, checkedReference(reference))
  return {
    method,
    url: `/v2/${whole}/manifests/${reference}`,
    scopes: [method === "PUT" ? pushScope(whole) : pullScope(whole)],
    doing: `${method === "PUT" ? "push" : "read"} ${name}`,
    headers: method === "PUT" ? {} : { accept },
  }
}
