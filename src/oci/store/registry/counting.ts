import type { Http, Request } from "../../../host/http.ts"

/** An `Http` like another that tells of every request before it is sent. What speed goals are counted with. */
export function countingHttp(http: Http, onRequest: (request: Pick<Request, "method" | "url">) => void): Http {
  return (request) => {
    onRequest({ method: request.method, url: request.url })
    return http(request)
  }
}
