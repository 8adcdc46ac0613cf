import { Failure, isFailure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import type { Headers, Response } from "../../host/http.ts"
import { isTemporary, patience, pauseAfter, retryAfter } from "../../oci/store/registry/backoff.ts"
import type { Login } from "./netrc.ts"
import type { IndexSettings } from "./settings.ts"

type GetHost = Pick<Host, "http" | "sleep" | "now" | "random">

export type Asking = { readonly host: GetHost; readonly settings: IndexSettings; readonly signal: AbortSignal }

/** What was answered, and by which address after redirects. */
export type Answer = {
  readonly url: string
  readonly headers: Headers
  readonly status: number
  readonly body: Response["body"]
}

const redirects = 10

/**
 * GET with redirects and without repetition: 200, 206 and 404 are given, anything else fails. A login goes to the
 * origin that it was configured for, never along a redirect to another. https never becomes http, unless that host is trusted.
 */
export async function get(asking: Asking, address: string, headers: Headers): Promise<Answer> {
  return await ask(asking, { method: "GET", url: address, headers })
}

/** What GET would answer, without its body. As `get` otherwise. */
export async function head(asking: Asking, address: string, headers: Headers): Promise<Answer> {
  return await ask(asking, { method: "HEAD", url: address, headers })
}

type Question = { readonly method: "GET" | "HEAD"; readonly url: string; readonly headers: Headers }

async function ask(asking: Asking, { method, url: address, headers }: Question): Promise<Answer> {
  const { host, settings, signal } = asking
  let url = address
  for (let hop = 0; hop <= redirects; hop++) {
    const login = loginFor(new URL(url), settings)
    const response = await host.http({
      method,
      url,
      headers: {
        ...headers,
        "user-agent": "nbstacks",
        ...(login === undefined ? {} : { authorization: basic(login) }),
      },
      timeout: settings.timeout,
      signal,
      ...tlsFor(new URL(url), settings),
    })
    if (![301, 302, 303, 307, 308].includes(response.status)) return checked(response, url)
    await drain(response)
    url = redirected(url, response.headers["location"], settings)
  }
  throw new Failure("temporary", `${hostOf(address)} redirects more than ${redirects} times`, { hint: proxy })
}

/** Runs `work` again, after a growing pause, when it failed and may succeed later. */
export async function repeated<T>(asking: Asking, what: string, work: () => Promise<T>): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await work()
    } catch (error) {
      asking.signal.throwIfAborted()
      const failure = asFailure(error, what)
      if (failure.code !== "temporary" || tried + 1 >= patience.tries) throw failure
      const asked = error instanceof Refused ? retryAfter(error.headers, asking.host.now()) : undefined
      const chance = Number.parseInt(asking.host.random(4), 16) / 2 ** 32
      const pause = asked === undefined ? pauseAfter(tried, chance) : Math.min(asked, patience.longestAsked)
      await asking.host.sleep(pause, asking.signal)
    }
  }
}

/** What helps against a server that is no index. */
const proxy = "Look at the address of the index in pip's configuration (`pip config list`), and at a proxy before it"

/** An answer that is none: kept apart from `Failure` until nobody asks again. */
class Refused extends Error {
  readonly headers: Headers
  readonly failure: Failure
  constructor(failure: Failure, headers: Headers) {
    super(failure.message)
    this.headers = headers
    this.failure = failure
  }
}

function asFailure(error: unknown, what: string): Failure {
  if (error instanceof Refused) return error.failure
  if (isFailure(error)) return error
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  if (/CERT|SSL|TLS|SIGNED|ALTNAME/.test(code)) {
    return new Failure("cannot", `The certificate for ${what} is not trusted`, {
      hint: "Say which certificates to trust: `pip config set global.cert FILE`, or `PIP_CERT`",
      cause: error,
    })
  }
  return new Failure("temporary", `Cannot get ${what}`, { hint: "Try again when the network is back", cause: error })
}

async function checked(response: Response, url: string): Promise<Answer> {
  const { status, headers, body } = response
  if (status === 200 || status === 206 || status === 404 || status === 410) {
    if (status < 300) return { url, headers, status, body }
    await drain(response)
    return { url, headers, status: 404, body }
  }
  await drain(response)
  if (status === 401 || status === 403) {
    throw new Refused(
      new Failure("credentials", `${hostOf(url)} refuses access (${status}) to ${new URL(url).pathname}`, {
        hint: `Add a login for ${new URL(url).hostname} to ~/.netrc, or to the index URL in pip's configuration`,
      }),
      headers,
    )
  }
  const code = isTemporary(status) ? "temporary" : "cannot"
  throw new Refused(
    new Failure(code, `${hostOf(url)} answers ${status} for ${new URL(url).pathname}`, {
      hint: code === "temporary" ? "Run the command again later" : proxy,
    }),
    headers,
  )
}

function redirected(from: string, location: string | undefined, settings: IndexSettings): string {
  let to: URL
  try {
    to = new URL(location ?? "", from)
  } catch {
    throw new Failure("temporary", `${hostOf(from)} redirects to something that is no URL`, { hint: proxy })
  }
  if (location === undefined || (to.protocol !== "https:" && to.protocol !== "http:")) {
    throw new Failure("temporary", `${hostOf(from)} redirects to something that cannot be followed`, { hint: proxy })
  }
  if (new URL(from).protocol === "https:" && to.protocol === "http:" && !isTrusted(to, settings)) {
    throw new Failure("cannot", `${hostOf(from)} redirects to ${to.host} without TLS`, {
      hint: `If that is meant: \`pip config set global.trusted-host ${to.host}\``,
    })
  }
  to.username = ""
  to.password = ""
  return to.href
}

/**
 * Of the logins that were configured with URLs of this origin, the one whose URL has most in common with this one, as
 * pip does it: an origin may have an index a path, each with its own login. Else by host name from netrc.
 */
export function loginFor(url: URL, settings: Pick<IndexSettings, "logins" | "netrc">): Login | undefined {
  const [nearest] = [...settings.logins]
    .filter(([known]) => new URL(known).origin === url.origin)
    .map(([known, login]) => ({ login, common: commonParts(new URL(known).pathname, url.pathname) }))
    .sort((a, b) => b.common - a.common)
  return nearest?.login ?? settings.netrc.get(url.hostname) ?? settings.netrc.get("")
}

function commonParts(a: string, b: string): number {
  const others = b.split("/")
  const first = a.split("/").findIndex((part, at) => part !== others[at])
  return first === -1 ? a.length : first
}

function tlsFor(url: URL, settings: IndexSettings): { tls?: { ca?: string; verify?: boolean } } {
  if (isTrusted(url, settings)) return { tls: { verify: false } }
  return settings.ca === undefined ? {} : { tls: { ca: settings.ca } }
}

function isTrusted(url: URL, settings: IndexSettings): boolean {
  return settings.trusted.has(url.hostname) || settings.trusted.has(url.host)
}

function basic(login: Login): string {
  return `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`
}

function hostOf(url: string): string {
  return new URL(url).host
}

/** Reads what is left, within a bound, so that the connection can be used again. */
async function drain(response: Response): Promise<void> {
  let size = 0
  for await (const piece of response.body) if ((size += piece.length) > 1024 * 1024) break
}
