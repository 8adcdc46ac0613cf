import { isFailure } from "../../../failure.ts"
import type { ServerRequest, ServerResponse } from "../../../host/http.ts"
import { isDigest, partsOf, digestOf, type Digest } from "../../digest.ts"
import { manifestLimit } from "../../manifest.ts"
import { mediaTypes } from "../../media-types.ts"
import { isTag } from "../../reference.ts"
import type { Layout } from "../layout/layout.ts"
import { empty, matchesTag, refusal } from "./answer.ts"
import { methodRefused } from "./blobs.ts"

/** No request may set more tags than this at once. */
const maximumTags = 100

type About = { readonly repository: string; readonly reference: string; readonly query: URLSearchParams }

/** `GET`, `HEAD`, `PUT` and `DELETE` of a manifest by tag or digest. */
export async function answerManifest(layout: Layout, request: ServerRequest, about: About): Promise<ServerResponse> {
  const { reference } = about
  if (!isDigest(reference) && !isTag(reference))
    return reference.includes(":")
      ? refusal(400, "DIGEST_INVALID", `${reference} is no digest`)
      : refusal(400, "MANIFEST_INVALID", `${reference} is neither a tag nor a digest`)
  if (request.method === "GET" || request.method === "HEAD") return await pull(layout, request, about)
  if (request.method === "PUT") return await push(layout, request, about)
  if (request.method === "DELETE") return await remove(layout, about)
  return methodRefused("GET, HEAD, PUT, DELETE")
}

async function pull(layout: Layout, request: ServerRequest, { repository, reference }: About): Promise<ServerResponse> {
  const unknown = refusal(404, "MANIFEST_UNKNOWN", `${repository} has no manifest ${reference}`)
  const found = await layout.headManifest(repository, reference)
  if (found === undefined) return unknown
  const headers = {
    "content-type": found.mediaType,
    "content-length": String(found.size),
    "docker-content-digest": found.digest,
    etag: `"${found.digest}"`,
  }
  const known = request.headers["if-none-match"]
  if (known !== undefined && matchesTag(known, found.digest)) return { status: 304, headers: { etag: headers.etag } }
  if (request.method === "HEAD") return { status: 200, headers }
  const manifest = await layout.readManifest(repository, found.digest)
  return manifest === undefined ? unknown : { status: 200, headers, body: manifest.bytes }
}

async function push(
  layout: Layout,
  request: ServerRequest,
  { repository, reference, query }: About,
): Promise<ServerResponse> {
  const bytes = await readBody(request)
  if (bytes === undefined) return refusal(413, "MANIFEST_INVALID", `A manifest may have ${manifestLimit} bytes`)
  const tags = isDigest(reference) ? [...new Set(query.getAll("tag"))] : [reference]
  if (tags.length > maximumTags) return refusal(414, "MANIFEST_INVALID", `At most ${maximumTags} tags in one request`)
  const wrong = tags.find((tag) => !isTag(tag))
  if (wrong !== undefined) return refusal(400, "MANIFEST_INVALID", `${wrong} is no legal tag`)
  const algorithm = isDigest(reference) ? partsOf(reference).algorithm : "sha256"
  const digest = digestOf(bytes, algorithm)
  if (isDigest(reference) && digest !== reference)
    return refusal(400, "DIGEST_INVALID", `The manifest has the digest ${digest}, not ${reference}`)
  const mediaType = typeOf(request, bytes)
  let subject: Digest | undefined
  try {
    ;({ subject } = await layout.putManifest(repository, { bytes, mediaType, algorithm, sparse: true }))
  } catch (error) {
    if (!isFailure(error)) throw error
    return refusal(400, "MANIFEST_INVALID", error.message)
  }
  for (const tag of tags) {
    const refused = await setTag(layout, request, { repository, tag, digest })
    if (refused !== undefined) return refused
  }
  return empty(201, {
    location: `/v2/${repository}/manifests/${isDigest(reference) ? digest : reference}`,
    "docker-content-digest": digest,
    etag: `"${digest}"`,
    ...(subject === undefined ? {} : { "oci-subject": subject }),
    ...(isDigest(reference) && tags.length > 0 ? { "oci-tag": tags.join(", ") } : {}),
  })
}

/** Moves a tag, exactly when `If-Match` or `If-None-Match: *` ask for it; the refusal when it is something else. */
async function setTag(
  layout: Layout,
  request: ServerRequest,
  { repository, tag, digest }: { readonly repository: string; readonly tag: string; readonly digest: Digest },
): Promise<ServerResponse | undefined> {
  const { "if-match": match, "if-none-match": noneMatch } = request.headers
  try {
    if (match === undefined && noneMatch === undefined) await layout.tag(repository, tag, digest)
    else {
      const before = (await layout.headManifest(repository, tag))?.digest
      if (match !== undefined && (before === undefined || !matchesTag(match, before))) return moved(repository, tag)
      if (noneMatch !== undefined && before !== undefined && matchesTag(noneMatch, before))
        return moved(repository, tag)
      await layout.tag(repository, tag, digest, before ?? "absent")
    }
  } catch (error) {
    if (!isFailure(error) || error.code !== "no") throw error
    return moved(repository, tag)
  }
  return undefined
}

function moved(repository: string, tag: string): ServerResponse {
  return refusal(412, "DENIED", `${repository}:${tag} is not what the request expects`)
}

async function remove(layout: Layout, { repository, reference }: About): Promise<ServerResponse> {
  const isGone = isDigest(reference)
    ? await layout.deleteManifest(repository, reference)
    : await layout.deleteTag(repository, reference)
  return isGone ? empty(202) : refusal(404, "MANIFEST_UNKNOWN", `${repository} has no manifest ${reference}`)
}

async function readBody(request: ServerRequest): Promise<Uint8Array | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > manifestLimit) return undefined
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.length
    // The rest is read, so that the client gets to hear the answer.
    if (size <= manifestLimit) chunks.push(chunk)
  }
  return size > manifestLimit ? undefined : Buffer.concat(chunks)
}

/** The media type without parameters; where the client sends none, the one that the manifest says. */
function typeOf(request: ServerRequest, bytes: Uint8Array): string {
  const sent = request.headers["content-type"]?.split(";")[0]?.trim()
  if (sent !== undefined && sent !== "") return sent
  const said = /"mediaType"\s*:\s*"([^"]{1,255})"/.exec(Buffer.from(bytes.subarray(0, 4096)).toString("utf8"))?.[1]
  return said ?? mediaTypes.ociManifest
}
