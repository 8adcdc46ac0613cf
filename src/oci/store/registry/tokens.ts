import { z } from "zod"
import { Failure } from "../../../failure.ts"
import { isTemporary } from "./backoff.ts"
import { readBody, readSome } from "./body.ts"
import type { Context } from "./context.ts"
import { basicHeader, type Credentials } from "./credentials/credentials.ts"
import { parseErrors, refusal } from "./failures.ts"
import { checkedLocation } from "./redirect.ts"
import { repeat, tryAgain } from "./repeat.ts"
import { covers, joinScopes } from "./scope.ts"

/** Where a registry's tokens come from, from its bearer challenge. */
export type TokenServer = { readonly realm: string; readonly service: string | undefined }

/** A part of the answer of https://distribution.github.io/distribution/spec/auth/token/ */
const Answer = z.object({
  token: z.string().nullish(),
  access_token: z.string().nullish(),
  expires_in: z.number().nullish(),
})

type Token = { readonly value: string; readonly scopes: readonly string[]; readonly until: number }

/** Tokens in memory, by what they allow. */
export type Tokens = {
  /** A token that allows all of it, an old one while it lasts. Fails with `credentials` when the server gives none. */
  get(server: TokenServer, scopes: readonly string[]): Promise<string>
  /** Forgets a token that the registry did not take. */
  forget(value: string): void
}

const largestAnswer = 1024 * 1024
/** Seconds that a token lasts when the server does not say. */
const defaultLife = 60

/** Tokens of one registry for one login, asked for once however many need them. */
export function makeTokens(context: Context, login: () => Promise<Credentials | undefined>): Tokens {
  let held: readonly Token[] = []
  const asked = new Map<string, Promise<Token>>()
  return {
    async get(server, wanted) {
      const scopes = joinScopes(wanted, [])
      const now = context.host.now().getTime()
      held = held.filter(({ until }) => until > now)
      const known = held.find((token) => covers(token.scopes, scopes))
      if (known !== undefined) return known.value
      const key = JSON.stringify([server.realm, server.service, scopes])
      let answer = asked.get(key)
      if (answer === undefined) {
        answer = askForToken(context, { server, scopes, login }).finally(() => asked.delete(key))
        asked.set(key, answer)
        const token = await answer
        held = [...held, token]
      }
      return (await answer).value
    },
    forget(value) {
      held = held.filter((token) => token.value !== value)
    },
  }
}

async function askForToken(
  context: Context,
  ask: {
    readonly server: TokenServer
    readonly scopes: readonly string[]
    readonly login: () => Promise<Credentials | undefined>
  },
): Promise<Token> {
  const { endpoint, host, signal } = context
  const credentials = await ask.login()
  const request = tokenRequest(context, ask, credentials)
  const doing = `get a token for ${endpoint.host} from ${new URL(request.url).host}`
  return await repeat(context, { doing }, async () => {
    const since = host.now().getTime()
    const answer = await host.http({ ...request, ...(signal === undefined ? {} : { signal }) })
    if (answer.status !== 200) {
      const errors = parseErrors(await readSome(answer))
      const failure =
        answer.status >= 300 && answer.status < 500 && !isTemporary(answer.status)
          ? noToken(endpoint.host, { doing, status: answer.status, known: credentials !== undefined })
          : refusal(endpoint, doing, { status: answer.status, errors })
      throw isTemporary(answer.status) ? tryAgain(failure, answer.headers) : failure
    }
    const bytes = await readBody(answer, { limit: largestAnswer, what: "The answer of the token server" })
    const parsed = Answer.safeParse(parseJson(bytes))
    const value = parsed.success ? parsed.data.token || parsed.data.access_token || "" : ""
    if (!/^[\x21-\x7e]+$/.test(value)) {
      throw new Failure("credentials", `Cannot ${doing}: its answer holds none`, {
        hint: `Run \`docker login ${endpoint.host}\``,
      })
    }
    const life = Math.max(1, Math.min((parsed.data?.expires_in ?? 0) || defaultLife, 24 * 3600))
    // A tenth is left, so that a token does not run out on its way.
    return { value, scopes: ask.scopes, until: since + life * 900 }
  })
}

type TokenRequest = {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** A login goes to the realm, which therefore has to pass the same rule as a redirect. */
function tokenRequest(
  { endpoint }: Context,
  { server, scopes }: { readonly server: TokenServer; readonly scopes: readonly string[] },
  credentials: Credentials | undefined,
): TokenRequest {
  const url = checkedLocation(endpoint, server.realm, endpoint.origin)
  const common = { accept: "application/json", "user-agent": "nbstacks" }
  if (credentials?.kind === "identity") {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: "nbstacks",
      refresh_token: credentials.token,
    })
    if (server.service !== undefined) form.set("service", server.service)
    form.set("scope", scopes.join(" "))
    const headers = { ...common, "content-type": "application/x-www-form-urlencoded" }
    return { method: "POST", url: url.href, headers, body: new TextEncoder().encode(form.toString()) }
  }
  if (server.service !== undefined) url.searchParams.set("service", server.service)
  for (const scope of scopes) url.searchParams.append("scope", scope)
  if (credentials?.kind !== "password") return { method: "GET", url: url.href, headers: common }
  return { method: "GET", url: url.href, headers: { ...common, authorization: basicHeader(credentials) } }
}

function noToken(
  host: string,
  { doing, status, known }: { readonly doing: string; readonly status: number; readonly known: boolean },
): Failure {
  return new Failure("credentials", `Cannot ${doing}: it answered ${status}`, {
    hint: known ? `The login is not valid any more: run \`docker login ${host}\`` : `Run \`docker login ${host}\``,
  })
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"))
  } catch {
    return undefined
  }
}
