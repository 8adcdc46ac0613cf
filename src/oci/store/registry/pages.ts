import { Failure } from "../../../failure.ts"
import type { Headers } from "../../../host/http.ts"
import type { Answer, Call, Transport } from "./transport.ts"

/** Pages of one list, and bytes of one page. */
const bounds = { pages: 10_000, bytes: 16 * 1024 * 1024 } as const

/**
 * The pages of a list, each the answer to one request, as long as they link to a next one on the same path of the
 * same registry. Ends with the first answer that is not 200, which comes too.
 */
export async function* pages(transport: Transport, first: Call): AsyncGenerator<Answer, void, undefined> {
  const { endpoint } = transport.context
  const path = new URL(first.url, endpoint.origin).pathname
  const seen = new Set<string>()
  let url: string | undefined = first.url
  while (url !== undefined) {
    if (seen.size >= bounds.pages || seen.has(url)) {
      throw new Failure("cannot", `Cannot ${first.doing}: ${endpoint.host} lists without an end`)
    }
    seen.add(url)
    const answer: Answer = await transport.fetch({ ...first, url }, bounds.bytes)
    yield answer
    if (answer.status !== 200) return
    const next = nextLink(answer.headers)
    if (next === undefined) return
    if (!URL.canParse(next, answer.url))
      throw new Failure("cannot", `Cannot ${first.doing}: the link to its next page cannot be read`)
    // Registries behind a proxy often name another host or scheme here; what counts is the path and the query.
    const { pathname, search } = new URL(next, answer.url)
    if (pathname !== path) throw new Failure("cannot", `Cannot ${first.doing}: its next page is of another list`)
    url = `${pathname}${search}`
  }
}

/** The target of `rel="next"` in a `Link` header (RFC 8288). */
export function nextLink(headers: Headers): string | undefined {
  const header = headers["link"]?.slice(0, 16_384) ?? ""
  for (const [, target = "", parameters = ""] of header.matchAll(
    /<([^>]*)>((?:\s*;\s*[\w-]+\s*=?\s*(?:"[^"]*"|[^\s",;]*))*)/g,
  )) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=[\s;,]|$))/i.test(parameters)) return target
  }
  return undefined
}
