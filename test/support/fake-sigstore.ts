import { createHash, generateKeyPairSync } from "node:crypto"
import { fulcioHandler, initializeCA, initializeCTLog, initializeTLog, rekorHandler } from "@sigstore/mock"
import type { Host } from "../../src/host/host.ts"
import { bytesOf } from "./images.ts"

/** Sigstore's services on loopback: a certificate authority that believes every token, and a log of its own. */
export type FakeSigstore = AsyncDisposable & {
  readonly url: string
  /** A trusted root, as `cosign trusted-root create` writes one. */
  readonly root: string
  /** A token of a CI system for an identity. */
  readonly token: (identity: string, issuer: string) => string
}

/** Fake in whom they believe, real in what they sign: certificates, proofs of inclusion and promises verify against the root. */
export async function startFakeSigstore(host: Host): Promise<FakeSigstore> {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const ctlog = await initializeCTLog(keys)
  const authority = await initializeCA(keys, ctlog)
  const log = await initializeTLog("https://rekor.example.org", keys)
  const handlers = [fulcioHandler(authority), rekorHandler(log)]
  const server = await host.serve(
    async (request) => {
      const handler = handlers.find(({ path }) => path === request.target)
      if (handler === undefined) return { status: 404, headers: {}, body: "" }
      const {
        statusCode,
        response,
        contentType = "text/plain",
      } = await handler.fn(asLogged((await bytesOf(request.body)).toString()))
      return {
        status: statusCode,
        headers: { "content-type": contentType },
        body: typeof response === "string" ? response : "",
      }
    },
    { port: 0 },
  )
  const key = keys.publicKey.export({ type: "spki", format: "der" })
  const publicKey = {
    rawBytes: key.toString("base64"),
    keyDetails: "PKIX_ECDSA_P256_SHA_256",
    validFor: { start: "2020-01-01T00:00:00Z" },
  }
  const logOf = (baseUrl: string, id: Uint8Array): object => ({
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey,
    logId: { keyId: Buffer.from(id).toString("base64") },
  })
  const { buffer, byteOffset, byteLength } = authority.rootCertificate
  return {
    url: `http://127.0.0.1:${server.port}`,
    root: JSON.stringify({
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [logOf("https://rekor.example.org", createHash("sha256").update(key).digest())],
      certificateAuthorities: [
        {
          subject: { organization: "test", commonName: "test" },
          uri: "https://fulcio.example.org",
          certChain: { certificates: [{ rawBytes: Buffer.from(buffer, byteOffset, byteLength).toString("base64") }] },
          validFor: { start: "2020-01-01T00:00:00Z" },
        },
      ],
      ctlogs: [
        logOf(
          "https://ctfe.example.org",
          new Uint8Array(ctlog.logID.buffer, ctlog.logID.byteOffset, ctlog.logID.byteLength),
        ),
      ],
      timestampAuthorities: [],
    }),
    token: (identity, issuer) =>
      [{ alg: "none" }, { sub: identity, iss: issuer, aud: "sigstore" }, {}]
        .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
        .join("."),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** A proposed entry for an envelope as Rekor keeps it: hashes, and the signature with its certificate. */
function asLogged(body: string): string {
  const { kind, apiVersion, spec } = JSON.parse(body) as {
    readonly kind?: string
    readonly apiVersion?: string
    readonly spec?: { readonly proposedContent: { readonly envelope: string; readonly verifiers: readonly string[] } }
  }
  if (kind !== "dsse" || spec === undefined) return body
  const { envelope, verifiers } = spec.proposedContent
  const { payload, signatures } = JSON.parse(envelope) as { payload: string; signatures: { sig: string }[] }
  const sha256 = (bytes: Uint8Array): object => ({
    algorithm: "sha256",
    value: createHash("sha256").update(bytes).digest("hex"),
  })
  return JSON.stringify({
    kind,
    apiVersion,
    spec: {
      envelopeHash: sha256(Buffer.from(envelope)),
      payloadHash: sha256(Buffer.from(payload, "base64")),
      signatures: signatures.map(({ sig }, at) => ({ signature: sig, verifier: verifiers[at] })),
    },
  })
}
