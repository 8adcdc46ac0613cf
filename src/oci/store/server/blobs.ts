import type { ServerRequest, ServerResponse } from "../../../host/http.ts"
import { isDigest } from "../../digest.ts"
import type { Layout } from "../layout/layout.ts"
import { empty, matchesTag, refusal } from "./answer.ts"
import { readRange } from "./ranges.ts"

/** `GET`, `HEAD` and `DELETE` of a blob. */
export async function answerBlob(
  layout: Layout,
  request: ServerRequest,
  { repository, digest }: { readonly repository: string; readonly digest: string },
): Promise<ServerResponse> {
  if (!isDigest(digest)) return refusal(400, "DIGEST_INVALID", `${digest} is no digest`)
  if (request.method === "DELETE") {
    if (await layout.deleteBlob(repository, digest)) return empty(202)
    return refusal(404, "BLOB_UNKNOWN", `${repository} has no blob ${digest}`)
  }
  if (request.method !== "GET" && request.method !== "HEAD") return methodRefused("GET, HEAD, DELETE")
  const size = await layout.blobSize(repository, digest)
  if (size === undefined) return refusal(404, "BLOB_UNKNOWN", `${repository} has no blob ${digest}`)
  const headers = {
    "content-type": "application/octet-stream",
    "docker-content-digest": digest,
    etag: `"${digest}"`,
    "accept-ranges": "bytes",
    "cache-control": "max-age=31536000",
  }
  const known = request.headers["if-none-match"]
  if (known !== undefined && matchesTag(known, digest)) return { status: 304, headers }
  const condition = request.headers["if-range"]
  const mayRange = condition === undefined || matchesTag(condition, digest)
  const range = mayRange ? readRange(request.headers["range"], size) : "whole"
  if (range === "unsatisfiable")
    return refusal(416, "SIZE_INVALID", `The blob has ${size} bytes`, { "content-range": `bytes */${size}` })
  const isHead = request.method === "HEAD"
  if (range === "whole")
    return {
      status: 200,
      headers: { ...headers, "content-length": String(size) },
      ...(isHead || size === 0 ? {} : { body: layout.stream(digest) }),
    }
  const [first, last] = range
  return {
    status: 206,
    headers: {
      ...headers,
      "content-length": String(last - first + 1),
      "content-range": `bytes ${first}-${last}/${size}`,
    },
    ...(isHead ? {} : { body: layout.stream(digest, range) }),
  }
}

/** The answer to a method that a path does not have. */
export function methodRefused(allow: string): ServerResponse {
  return refusal(405, "UNSUPPORTED", `Only ${allow} here`, { allow })
}
