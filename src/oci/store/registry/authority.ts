import { Failure, type FailureOptions } from "../../../failure.ts"
import type { Headers } from "../../../host/http.ts"
import { parseChallenges } from "./challenge.ts"
import type { Context } from "./context.ts"
import { basicHeader, type Credentials } from "./credentials/credentials.ts"
import { findCredentials } from "./credentials/find.ts"
import { joinScopes } from "./scope.ts"
import { makeTokens, type TokenServer } from "./tokens.ts"

/** Who we are to one registry. */
export type Authority = {
  /** The `authorization` header for a request of these scopes; none as long as the registry asked for none. */
  header(scopes: readonly string[]): Promise<string | undefined>
  /** A refusal for want of a right, with whether there was a login, and which credential helper could not be asked. */
  explain(failure: Failure): Promise<Failure>
  /**
   * Learns from a 401. Gives the scopes to try again with, or `undefined` when there is nothing better to try:
   * no challenge that we know, or no login for it.
   */
  learn(
    headers: Headers,
    tried: { readonly scopes: readonly string[]; readonly header: string | undefined },
  ): Promise<readonly string[] | undefined>
}

/** Without the fields that are undefined. */
function defined({
  hint,
  detail,
  cause,
}: {
  readonly hint: string | undefined
  readonly detail: string | undefined
  readonly cause: unknown
}): FailureOptions {
  return { ...(hint === undefined ? {} : { hint }), ...(detail === undefined ? {} : { detail }), cause }
}

type Scheme = { readonly kind: "basic" } | { readonly kind: "bearer"; readonly server: TokenServer }

/** The authority of one registry; the login is looked up when the registry first asks, and once. */
export function makeAuthority(context: Context, given: Credentials | undefined): Authority {
  const { endpoint, host, signal } = context
  let found: Promise<Credentials | undefined> | undefined
  let unasked: Failure | undefined
  const missed = (failure: Failure): void => void (unasked ??= failure)
  const login = (): Promise<Credentials | undefined> =>
    (found ??=
      given === undefined
        ? findCredentials(host, { host: endpoint.host, prefix: endpoint.prefix, signal, missed })
        : Promise.resolve(given))
  const tokens = makeTokens(context, login)
  let scheme: Scheme | undefined

  const header = async (scopes: readonly string[]): Promise<string | undefined> => {
    if (scheme === undefined) return undefined
    const credentials = await login()
    if (credentials?.kind === "registry") return `Bearer ${credentials.token}`
    if (scheme.kind === "bearer") return `Bearer ${await tokens.get(scheme.server, scopes)}`
    return credentials?.kind === "password" ? basicHeader(credentials) : undefined
  }

  return {
    header,
    async explain(failure) {
      if (failure.code !== "credentials" || found === undefined) return failure
      const used = await found.catch(() => undefined)
      const options = { hint: failure.hint, detail: failure.detail, cause: failure.cause }
      if (used !== undefined)
        return new Failure(failure.code, `${failure.message}. It was asked with the login of this machine`, {
          ...defined(options),
        })
      return new Failure(failure.code, `${failure.message}. This machine has no login for it`, {
        ...defined({ ...options, cause: unasked ?? options.cause, hint: unasked?.hint ?? options.hint }),
      })
    },
    async learn(headers, tried) {
      const challenges = parseChallenges(headers["www-authenticate"] ?? "")
      const bearer = challenges.find(({ scheme: name, parameters }) => name === "bearer" && parameters["realm"])
      const basic = challenges.some(({ scheme: name }) => name === "basic")
      if (bearer !== undefined) {
        const { realm = "", service, scope } = bearer.parameters
        scheme = { kind: "bearer", server: { realm, service } }
        if (tried.header?.startsWith("Bearer ")) tokens.forget(tried.header.slice("Bearer ".length))
        // Some registries know a repository by another name than its path, and say so here.
        const asked = (scope ?? "")
          .split(" ")
          .filter((text) => /^[a-z]+(?:\([a-z]+\))?:[^\s:]+(?::\d+\/[^\s:]+)?:[\w*,]+$/.test(text))
        return joinScopes(tried.scopes, asked.slice(0, 8))
      }
      if (!basic) return undefined
      scheme = { kind: "basic" }
      const now = await header(tried.scopes)
      return now === undefined || now === tried.header ? undefined : tried.scopes
    },
  }
}
