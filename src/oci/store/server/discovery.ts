import type { ServerRequest, ServerResponse } from "../../../host/http.ts"
import { isDigest } from "../../digest.ts"
import { mediaTypes } from "../../media-types.ts"
import type { Layout } from "../layout/layout.ts"
import { json, refusal } from "./answer.ts"
import { methodRefused } from "./blobs.ts"

type About = { readonly repository: string; readonly query: URLSearchParams }

/** The tags of a repository, in pages of `n` after `last`. */
export async function answerTags(
  layout: Layout,
  request: ServerRequest,
  { repository, query }: About,
): Promise<ServerResponse> {
  if (request.method !== "GET" && request.method !== "HEAD") return methodRefused("GET, HEAD")
  if (!(await layout.repositories()).includes(repository))
    return refusal(404, "NAME_UNKNOWN", `There is no repository ${repository}`)
  const count = query.get("n")
  if (count !== null && !/^\d{1,9}$/.test(count)) return refusal(400, "UNSUPPORTED", `n=${count} is no number`)
  const limit = count === null ? Number.POSITIVE_INFINITY : Number(count)
  const tags: string[] = []
  let isMore = false
  for await (const tag of layout.tags(repository, query.get("last") ?? undefined)) {
    if (tags.length >= limit) {
      isMore = true
      break
    }
    tags.push(tag)
  }
  const last = tags.at(-1)
  const next = `/v2/${repository}/tags/list?n=${limit}&last=${last}`
  return json(200, { name: repository, tags }, isMore && last !== undefined ? { link: `<${next}>; rel="next"` } : {})
}

/** The manifests whose subject is a digest, those of one artifact type if asked. */
export async function answerReferrers(
  layout: Layout,
  request: ServerRequest,
  { repository, digest, query }: About & { readonly digest: string },
): Promise<ServerResponse> {
  if (request.method !== "GET" && request.method !== "HEAD") return methodRefused("GET, HEAD")
  if (!isDigest(digest)) return refusal(400, "DIGEST_INVALID", `${digest} is no digest`)
  const type = query.get("artifactType")
  const all = await layout.referrers(repository, digest)
  const manifests = type === null || type === "" ? all : all.filter(({ artifactType }) => artifactType === type)
  return json(
    200,
    { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests },
    {
      "content-type": mediaTypes.ociIndex,
      ...(type === null || type === "" ? {} : { "oci-filters-applied": "artifactType" }),
    },
  )
}
