import { Failure } from "../../../failure.ts"
import type { Headers, Response } from "../../../host/http.ts"
import type { Source } from "../store.ts"
import type { Authority } from "./authority.ts"
import { isTemporary } from "./backoff.ts"
import { discard, readBody, readSome } from "./body.ts"
import type { Context } from "./context.ts"
import { parseErrors, refusal, type RegistryError } from "./failures.ts"
import { makeLimit, type Limit } from "./limit.ts"
import { checkedLocation } from "./redirect.ts"
import { repeat, tryAgain } from "./repeat.ts"
import type { Scope } from "./scope.ts"

/** One request, as the parts of the client ask for it. */
export type Call = {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** Absolute, or below the registry's origin: `/v2/…`. */
  readonly url: string
  readonly scopes: readonly Scope[]
  /** Completes “Cannot …”. */
  readonly doing: string
  readonly headers?: Headers
  readonly body?: Uint8Array | Source
  /** A part of something that is repeated as a whole: its errors come through as they are. */
  readonly once?: boolean
  /** Milliseconds without a byte. */
  readonly timeout?: number
}

/** An answer whose body is still to be read. `url` is where it came from, after redirects. */
export type Open = Response & { readonly url: string }

/** An answer with its body. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
  readonly url: string
}

/** The way to one registry. Answers of every status come back but those worth another try, and 401 when we can log in. */
export type Transport = {
  readonly context: Context
  /** Places for bodies that stream for long, apart from the short calls, so that one never waits for the other. */
  readonly downloads: Limit
  readonly uploads: Limit
  /** One request, and its body left to be read. */
  open(call: Call): Promise<Open>
  /** One request and its whole body of at most `limit` bytes. */
  fetch(call: Call, limit: number): Promise<Answer>
  /** The failure for an answer that is not what was hoped for; reads what the registry says. */
  refused(call: Call, answer: Open | Answer): Promise<Failure>
  /** The errors that the registry names in an answer. */
  errors(answer: Open | Answer): Promise<readonly RegistryError[]>
}

const hops = 5
/** Milliseconds for a call and its whole answer, however slowly that comes. */
const deadline = 300_000
/** Together 16: as many connections as the host keeps to one registry. */
const places = { calls: 6, downloads: 6, uploads: 4 } as const

/** The way to a registry for a login. The first request goes alone, so that all others know how to log in. */
export function makeTransport(context: Context, authority: Authority): Transport {
  const calls = makeLimit(places.calls)
  let first: Promise<unknown> | undefined

  const attempt = async (call: Call, signal: AbortSignal | undefined): Promise<Open> => {
    let { scopes }: { scopes: readonly string[] } = call
    for (let again = 0; ; again += 1) {
      const header = await authority.header(scopes)
      const answer = await follow(context, call, { authorization: header, signal })
      const ours = new URL(answer.url).origin === context.endpoint.origin
      if (isTemporary(answer.status)) {
        throw tryAgain(await refused(context, call, answer), answer.headers)
      }
      if (!ours && (answer.status === 401 || answer.status === 403)) {
        throw tryAgain(await notLetIn(context, call, answer), answer.headers)
      }
      if (answer.status !== 401 || !ours || again >= 1 || typeof call.body === "function") return answer
      const better = await authority.learn(answer.headers, { scopes, header }).catch((error: unknown) => {
        // An answer that is never read keeps its connection open, and the process alive.
        void discard(answer)
        throw error
      })
      if (better === undefined) return answer
      await discard(answer)
      scopes = better
    }
  }

  const send = async <T>(call: Call, use: (answer: Open) => Promise<T>, milliseconds?: number): Promise<T> => {
    const run = async (): Promise<T> => {
      const streams = typeof call.body === "function"
      // A body that streams may itself wait for an answer of this registry; it has a place among the uploads.
      using _place = streams ? undefined : await calls.acquire(context.signal)
      const enough = new AbortController()
      const late = (): void => enough.abort(new DOMException("no whole answer in time", "TimeoutError"))
      const timer = milliseconds === undefined ? undefined : setTimeout(late, milliseconds).unref()
      // An open answer is read later, and has no end that is known here.
      const bounded = streams || milliseconds !== undefined
      const signals = [context.signal, bounded ? enough.signal : undefined].filter((signal) => signal !== undefined)
      try {
        return await use(await attempt(call, signals.length < 2 ? signals[0] : AbortSignal.any(signals)))
      } finally {
        clearTimeout(timer)
        // Whoever refuses early would else be sent the rest.
        if (streams) enough.abort()
      }
    }
    const start = (): Promise<T> => (call.once === true ? run() : repeat(context, { doing: call.doing }, run))
    if (first !== undefined) {
      await first
      return await start()
    }
    const mine = start()
    first = mine.catch(() => undefined)
    return await mine
  }

  return {
    context,
    downloads: makeLimit(places.downloads),
    uploads: makeLimit(places.uploads),
    open: (call) => send(call, (answer) => Promise.resolve(answer)),
    fetch: (call, limit) =>
      send(
        call,
        async (answer) => {
          const head = call.method === "HEAD"
          if (head) await discard(answer)
          const bytes = head
            ? new Uint8Array()
            : await readBody(answer, { limit, what: `What ${context.endpoint.host} answers` })
          return { status: answer.status, headers: answer.headers, url: answer.url, bytes }
        },
        deadline,
      ),
    refused: async (call, answer) => await authority.explain(await refused(context, call, answer)),
    errors: errorsOf,
  }
}

async function errorsOf(answer: Open | Answer): Promise<readonly RegistryError[]> {
  return parseErrors("bytes" in answer ? answer.bytes : await readSome(answer))
}

async function refused({ endpoint }: Context, call: Call, answer: Open | Answer): Promise<Failure> {
  return refusal(endpoint, call.doing, { status: answer.status, errors: await errorsOf(answer) })
}

/** Storage that a registry sent us to wants no login of ours: the signature in the address has run out, or a clock is wrong. */
async function notLetIn({ endpoint }: Context, call: Call, answer: Open): Promise<Failure> {
  await discard(answer)
  const storage = new URL(answer.url).host
  return new Failure(
    "temporary",
    `Cannot ${call.doing}: ${storage}, where ${endpoint.host} keeps it, answered ${answer.status}`,
    {
      hint: "Try again; if it stays so, compare this machine's clock with the right time",
    },
  )
}

/** Sends a request and goes where it is sent, without the login once that is another origin. */
async function follow(
  { endpoint, host }: Context,
  call: Call,
  { authorization, signal }: { readonly authorization: string | undefined; readonly signal: AbortSignal | undefined },
): Promise<Open> {
  let url = checkedLocation(endpoint, call.url, endpoint.origin).href
  let login = new URL(url).origin === endpoint.origin ? authorization : undefined
  for (let hop = 0; ; hop += 1) {
    const answer = await host.http({
      method: call.method,
      url,
      headers: {
        "user-agent": "nbstacks",
        "accept-encoding": "identity",
        ...call.headers,
        ...(login === undefined ? {} : { authorization: login }),
      },
      ...(call.body === undefined ? {} : { body: typeof call.body === "function" ? call.body() : call.body }),
      ...(signal === undefined ? {} : { signal }),
      ...(call.timeout === undefined ? {} : { timeout: call.timeout }),
    })
    const { location } = answer.headers
    const moved = movesOf(call.method).includes(answer.status) && location !== undefined
    if (!moved || hop >= hops) return { ...answer, url }
    await discard(answer)
    const next = checkedLocation(endpoint, location, url)
    if (next.origin !== endpoint.origin) login = undefined
    url = next.href
  }
}

/** 301 to 303 change the method of a write, so that only 307 and 308 are followed there. */
function movesOf(method: string): readonly number[] {
  return method === "GET" || method === "HEAD" ? [301, 302, 303, 307, 308] : [307, 308]
}
