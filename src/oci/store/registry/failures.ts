import { Failure, type FailureCode } from "../../../failure.ts"
import type { Endpoint } from "./endpoint.ts"

/** An error of the distribution specification: `code` such as `NAME_UNKNOWN`. */
export type RegistryError = { readonly code: string; readonly message: string }

/** The errors in a body, cleaned for a terminal; none if it has another form. */
export function parseErrors(bytes: Uint8Array): readonly RegistryError[] {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"))
  } catch {
    return []
  }
  const errors = typeof value === "object" && value !== null && "errors" in value ? value.errors : undefined
  if (!Array.isArray(errors)) return []
  return errors.slice(0, 5).flatMap((error: unknown) => {
    if (typeof error !== "object" || error === null) return []
    const { code, message } = error as { code?: unknown; message?: unknown }
    return [{ code: printable(code), message: printable(message) }]
  })
}

function printable(value: unknown): string {
  if (typeof value !== "string") return ""
  return value
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
    .slice(0, 300)
}

export type Refused = { readonly status: number; readonly errors: readonly RegistryError[] }

/** The failure for an answer that was not the hoped-for one. `doing` completes “Cannot …”. */
export function refusal(endpoint: Endpoint, doing: string, { status, errors }: Refused): Failure {
  const said = errors.map(({ code, message }) => [code, message].filter(Boolean).join(": ")).filter(Boolean)
  const sentence = `Cannot ${doing}: ${endpoint.host} answered ${status}${said.length === 0 ? "" : ` (${said.join("; ")})`}`
  const { code, hint } = advice(endpoint, { status, errors })
  return new Failure(code, sentence, hint === undefined ? {} : { hint })
}

function advice(endpoint: Endpoint, { status, errors }: Refused): { code: FailureCode; hint?: string } {
  if (status === 401 || status === 403) {
    return { code: "credentials", hint: `Run \`docker login ${endpoint.host}\` with an account that may do this` }
  }
  if (status === 429)
    return { code: "temporary", hint: "The registry limits requests: wait, or log in for a higher limit" }
  if (status === 408 || status >= 500) return { code: "temporary", hint: "Try again in a few minutes" }
  if (status === 404 && errors.some(({ code }) => code === "NAME_UNKNOWN")) {
    return { code: "cannot", hint: "Check the name; some registries want a repository to be created first" }
  }
  if (status === 413)
    return { code: "cannot", hint: "The registry, or a proxy before it, refuses uploads of this size" }
  return { code: "cannot" }
}

const certificateCodes =
  /^(?:UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_|ERR_TLS_CERT|CRL_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|INVALID_PURPOSE)/

/**
 * The failure for an error of the network or of TLS, or `undefined` if it is neither, which makes it a bug or an
 * error of somebody else's stream. `again` says whether another try is worth it, and whether only a few are.
 */
export function networkFailure(
  endpoint: Endpoint,
  doing: string,
  cause: unknown,
): { readonly failure: Failure; readonly again: "yes" | "few" | "no" } | undefined {
  if (!(cause instanceof Error)) return undefined
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : ""
  const fail = (kind: FailureCode, why: string, hint: string): Failure =>
    new Failure(kind, `Cannot ${doing}: ${why}`, { hint, cause })
  if (certificateCodes.test(code)) {
    const hint = "Add the authority to what this machine trusts, or name its file in `NODE_EXTRA_CA_CERTS`"
    return {
      again: "no",
      failure: fail("cannot", `the certificate of ${endpoint.host} is not trusted (${code})`, hint),
    }
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) {
    const hint = `If it speaks plain HTTP, write \`http://${endpoint.name}\``
    return { again: "no", failure: fail("cannot", `${endpoint.host} does not speak TLS as expected (${code})`, hint) }
  }
  if (code === "ENOTFOUND") {
    const hint = "Check the name and the connection of this machine"
    return { again: "no", failure: fail("temporary", `there is no host ${endpoint.host}`, hint) }
  }
  if (code === "ECONNREFUSED") {
    return {
      again: "few",
      failure: fail("temporary", `nothing answers at ${endpoint.host}`, "Check that it is running"),
    }
  }
  // ECONNRESET and its kin, HTTP that cannot be parsed (HPE_…), and our own deadline: an abort by the user never comes here.
  const broken =
    /^(?:E[A-Z]+|HPE_\w+|ERR_STREAM_\w+|ERR_HTTP_\w+)$/.test(code) || /^(?:Timeout|Abort)Error$/.test(cause.name)
  if (!broken) return undefined
  const hint = "Try again in a few minutes"
  return { again: "yes", failure: fail("temporary", `the connection to ${endpoint.host} broke`, hint) }
}
