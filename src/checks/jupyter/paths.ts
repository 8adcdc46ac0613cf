import type { Host } from "../../host/host.ts"
import type { PathCheck } from "../../tree/checks.ts"
import type { Verdict } from "../verdict.ts"
import type { Connection } from "./connection.ts"

const hops = 10
/** What is behind a path may have to be started first: an error of the server is asked again for so long, in seconds. */
const patience = 30

type Answer = { readonly status: number; readonly url: URL; readonly elsewhere?: string }

/** Asks for a path below the server's base URL, follows redirects within the server, and compares the last status. */
export async function checkPath(
  host: Pick<Host, "http" | "elapsed" | "sleep">,
  connection: Connection,
  { check, signal }: { readonly check: PathCheck; readonly signal: AbortSignal },
): Promise<Verdict> {
  const deadline = host.elapsed() + patience * 1000
  for (;;) {
    const answer = await follow(host, connection, { check, signal })
    if (answer.status === check.status) return { passed: true }
    if (answer.status < 500 || host.elapsed() > deadline) {
      const where = answer.elsewhere === undefined ? "" : `, a redirect to ${answer.elsewhere}`
      const seen = answer.status === 0 ? "did not answer" : `answered ${answer.status}${where}`
      return { passed: false, message: `${answer.url.pathname} ${seen}, not ${check.status}` }
    }
    await host.sleep(500, signal)
  }
}

async function follow(
  host: Pick<Host, "http">,
  connection: Connection,
  { check, signal }: { readonly check: PathCheck; readonly signal: AbortSignal },
): Promise<Answer> {
  const base = new URL(connection.baseUrl)
  const cookies = new Map<string, string>()
  let url = new URL(check.path.replace(/^\/+/, ""), base)
  if (url.origin !== base.origin) return { status: 404, url }
  for (let hop = 0; ; hop++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ")
    const answer = await host.http({
      method: "GET",
      url: url.href,
      headers: { authorization: `token ${connection.token}`, ...(cookie === "" ? {} : { cookie }) },
      signal,
      timeout: patience * 1000,
    })
    await discard(answer.body)
    for (const [name, value] of cookiesOf(answer.headers["set-cookie"])) cookies.set(name, value)
    const location = answer.headers["location"]
    if (answer.status === check.status || answer.status < 300 || answer.status > 399 || location === undefined) {
      return { status: answer.status, url }
    }
    const next = URL.parse(location, url.href)
    if (next === null || next.origin !== base.origin || hop === hops) {
      return { status: answer.status, url, elsewhere: location }
    }
    url = next
  }
}

/** The first mebibyte is enough to keep the connection: a path may answer with a stream that never ends. */
async function discard(body: AsyncIterable<Uint8Array>): Promise<void> {
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > 1024 * 1024) return
  }
}

/** Several cookies come joined by `, `; a comma inside a date is followed by a space and no `name=`. */
function cookiesOf(header: string | undefined): readonly (readonly [string, string])[] {
  return (header ?? "")
    .split(/,\s*(?=[^;,=\s]+=)/)
    .map((cookie) => /^([^=;\s]+)=([^;]*)/.exec(cookie.trim()))
    .filter((match) => match !== null)
    .map((match) => [match[1] ?? "", match[2] ?? ""] as const)
}
