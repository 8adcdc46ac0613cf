import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto"
import type { Host } from "../../src/host/host.ts"
import type { ServerRequest, ServerResponse } from "../../src/host/http.ts"
import type { RegistryAuth } from "./registry.ts"

export type FakeTokenServer = AsyncDisposable & {
  /** For `startRegistry`. */
  readonly auth: Extract<RegistryAuth, { kind: "token" }>
  /** What was asked, in order. */
  readonly asked: readonly { readonly method: string; readonly scopes: readonly string[]; readonly who: string }[]
  /** Seconds that tokens last, from the next one on. */
  life: number
  /** Whether those without a login may read. */
  anonymousPulls: boolean
  /** Whether everything is refused to those who ask for more than one repository. */
  oneRepository: boolean
}

const user = { name: "jovyan", password: "correct-horse", refresh: "a-refresh-token" }

/**
 * A token server that is fake in its users, real in its tokens: the CNCF registry verifies their signature.
 * https://distribution.github.io/distribution/spec/auth/jwt/
 */
export async function startFakeTokenServer(
  host: Host,
  pem: { readonly certificate: string; readonly key: string },
): Promise<FakeTokenServer> {
  const key = createPrivateKey(await host.files.readText(pem.key))
  const chain = [new X509Certificate(await host.files.readText(pem.certificate)).raw.toString("base64")]
  const asked: { method: string; scopes: readonly string[]; who: string }[] = []
  const state = { life: 300, anonymousPulls: true, oneRepository: false }

  const token = (who: string, scopes: readonly string[]): string => {
    const seconds = Math.floor(host.now().getTime() / 1000)
    const access = scopes.flatMap((scope) => {
      const [type = "", name = "", actions = ""] = scope.split(":")
      const allowed = actions.split(",").filter((action) => who !== "" || (state.anonymousPulls && action === "pull"))
      return allowed.length === 0 ? [] : [{ type, name, actions: allowed }]
    })
    const claims = {
      iss: "nbstacks-test",
      sub: who,
      aud: "test-registry",
      jti: randomUUID(),
      access,
      nbf: seconds - 10,
      iat: seconds,
      exp: seconds + state.life,
    }
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url")
    const signed = `${part({ typ: "JWT", alg: "RS256", x5c: chain })}.${part(claims)}`
    return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`
  }

  const handle = async (request: ServerRequest): Promise<ServerResponse> => {
    const form = request.method === "POST" ? new URLSearchParams(await textOf(request.body)) : undefined
    const query = form ?? new URL(request.target, "http://token").searchParams
    const scopes = query
      .getAll("scope")
      .flatMap((scope) => scope.split(" "))
      .filter((scope) => scope !== "")
    const who =
      form === undefined
        ? basicUser(request.headers["authorization"])
        : form.get("refresh_token") === user.refresh
          ? user.name
          : undefined
    asked.push({ method: request.method, scopes, who: who ?? "nobody" })
    if (who === undefined) return { status: 401, body: "{}" }
    if (state.oneRepository && scopes.length > 1) return { status: 403, body: "{}" }
    const value = token(who, scopes)
    const answer = form === undefined ? { token: value } : { access_token: value }
    return {
      status: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...answer, expires_in: state.life }),
    }
  }
  const server = await host.serve(handle, { port: 0 })
  return Object.assign(state, {
    auth: {
      kind: "token",
      realm: `http://127.0.0.1:${server.port}/token`,
      service: "test-registry",
      issuer: "nbstacks-test",
      certificate: pem.certificate,
    },
    asked,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  } as const)
}

/** The name of whoever asks: empty without a login, undefined with a wrong one. */
function basicUser(header: string | undefined): string | undefined {
  if (header === undefined) return ""
  const expected = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString("base64")}`
  return header === expected ? user.name : undefined
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString("utf8")
}
