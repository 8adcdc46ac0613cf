import type { Host } from "../../../host/host.ts"
import type { Handler, ServerResponse } from "../../../host/http.ts"
import { isRepository } from "../../reference.ts"
import type { Layout } from "../layout/layout.ts"
import { json, refusal } from "./answer.ts"
import { answerBlob, methodRefused } from "./blobs.ts"
import { answerReferrers, answerTags } from "./discovery.ts"
import { answerManifest } from "./manifests.ts"
import { readTarget } from "./route.ts"
import { makeUploads } from "./uploads.ts"

/**
 * A layout as a registry. Disposing the handler removes unfinished uploads.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export function registryHandler(
  layout: Layout,
  host: Pick<Host, "files" | "elapsed" | "random">,
): { readonly handle: Handler } & AsyncDisposable {
  const uploads = makeUploads(layout, host)
  const handle: Handler = async (request) => {
    // Only browsers send these. A web page must not write into, or read, what is served on this machine.
    if (request.headers["origin"] !== undefined || request.headers["sec-fetch-site"] !== undefined)
      return refusal(403, "DENIED", "This registry is not for web pages")
    // A page whose name was made to lead here says its own name.
    if (!isOurs(request.headers["host"]))
      return refusal(403, "DENIED", "This registry is for this machine: ask it as 127.0.0.1 or localhost")
    const target = readTarget(request.target)
    if (target === undefined) return refusal(404, "UNSUPPORTED", "There is no such path")
    const { route, query } = target
    if (route.kind === "support")
      return request.method === "GET" || request.method === "HEAD" ? json(200, {}) : methodRefused("GET, HEAD")
    const { repository } = route
    if (!isRepository(repository)) return refusal(404, "NAME_INVALID", `${repository} is no repository name`)
    switch (route.kind) {
      case "blob":
        return await answerBlob(layout, request, route)
      case "uploads":
        return await uploads.begin(request, { repository, query })
      case "upload":
        return await uploads.proceed(request, { repository, id: route.id, query })
      case "manifest":
        return await answerManifest(layout, request, { ...route, query })
      case "tags":
        return await answerTags(layout, request, { repository, query })
      case "referrers":
        return await answerReferrers(layout, request, { ...route, query })
      default:
        return route satisfies never
    }
  }
  return {
    handle: async (request) => withVersion(await handle(request)),
    [Symbol.asyncDispose]: () => uploads.end(),
  }
}

/** HTTP/1.0 clients send no name. */
function isOurs(name: string | undefined): boolean {
  return name === undefined || /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(name)
}

/** Docker's clients look for this header to know a registry by. */
function withVersion(response: ServerResponse): ServerResponse {
  return { ...response, headers: { ...response.headers, "docker-distribution-api-version": "registry/2.0" } }
}
