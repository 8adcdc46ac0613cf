import { createPublicKey, type KeyObject } from "node:crypto"
import { bundleFromJSON, isBundleWithDsseEnvelope, type Bundle } from "@sigstore/bundle"
import { TrustedRoot } from "@sigstore/protobuf-specs"
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify"
import { Failure, isFailure } from "../../failure.ts"
import type { Digest } from "../../oci/digest.ts"
import { jsonOf } from "../../oci/json-of.ts"
import { requireKind } from "./private-key.ts"
import { hintOf } from "./sign.ts"
import { payloadType, signedDigests } from "./statement.ts"

/** Somebody whose signatures count. */
export type Trusted =
  | {
      readonly kind: "key"
      /** As people wrote it: the path of the key. */
      readonly name: string
      readonly key: KeyObject
    }
  | {
      readonly kind: "identity"
      readonly name: string
      /** In full, as the certificate has it: a workflow's URL or an address. */
      readonly identity: string
      /** Who vouched for it. */
      readonly issuer: string
      readonly root: TrustedRoot
    }

/** Reads a public key. Fails with `cannot` when it is none, or of a kind that nobody signs with. */
export function readPublicKey(pem: string, what: string): KeyObject {
  if (pem.includes("PRIVATE KEY"))
    throw new Failure("cannot", `${what} is a private key; only the public one is needed here`, {
      hint: "Write it with `openssl pkey -in signing.key -pubout -out signing.pub`, and keep the private one out of git",
    })
  try {
    const key = createPublicKey(pem)
    requireKind(key, what)
    return key
  } catch (error) {
    if (isFailure(error)) throw error
    throw new Failure("cannot", `${what} is no public key in PEM`, {
      cause: error,
      hint: "Write it with `openssl pkey -in signing.key -pubout -out signing.pub`; cosign calls it cosign.pub",
    })
  }
}

/** Reads a Sigstore trusted root, as `cosign trusted-root create` writes it. Fails with `cannot` when it is none. */
export function readRoot(text: string, what: string): TrustedRoot {
  try {
    const root = TrustedRoot.fromJSON(JSON.parse(text))
    if (root.certificateAuthorities.length === 0 || root.tlogs.length === 0) throw new Error("it trusts nobody")
    return root
  } catch (error) {
    throw new Failure("cannot", `${what} is no Sigstore trusted root`, {
      cause: error,
      hint: "`gh attestation trusted-root` and `cosign trusted-root create` write one",
    })
  }
}

/** What a signature came to: who made it and what it is about, or why it does not count. */
export type Judged = { readonly by: string; readonly digests: ReadonlySet<Digest> } | { readonly no: string }

const nobody: TrustedRoot = {
  mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
  tlogs: [],
  certificateAuthorities: [],
  ctlogs: [],
  timestampAuthorities: [],
}

/** Judges a Sigstore bundle over a statement. Never throws: what is no bundle does not count. */
export function judgeBundle(bytes: Uint8Array, trusted: readonly Trusted[]): Judged {
  let bundle: Bundle
  try {
    bundle = bundleFromJSON(jsonOf(bytes))
  } catch {
    return { no: "it is no Sigstore bundle" }
  }
  if (!isBundleWithDsseEnvelope(bundle)) return { no: "it is no signature of a statement" }
  const { payload, payloadType: type } = bundle.content.dsseEnvelope
  if (type !== payloadType) return { no: `it signs ${type}, not a statement` }
  const failures = new Set<string>()
  for (const one of trusted)
    try {
      verifyBy(bundle, one)
      return { by: one.name, digests: signedDigests(payload) }
    } catch (error) {
      failures.add(reasonOf(error, one))
    }
  return { no: [...failures].join("; ") || "nobody's signatures count here" }
}

/** The digests that a bundle says it is about: nothing is verified. */
export function bundleDigests(bytes: Uint8Array): ReadonlySet<Digest> {
  try {
    const bundle = bundleFromJSON(jsonOf(bytes))
    return isBundleWithDsseEnvelope(bundle) ? signedDigests(bundle.content.dsseEnvelope.payload) : new Set()
  } catch {
    return new Set()
  }
}

function verifyBy(bundle: Bundle, one: Trusted): void {
  if (one.kind === "key") {
    const { $case, ...content } = bundle.verificationMaterial.content
    if ($case !== "publicKey") throw new Error("it was made with a certificate")
    const hint = (content as { readonly publicKey: { readonly hint: string } }).publicKey.hint
    if (hint !== "" && hint !== hintOf(one.key)) throw new Error("it was made by another key")
    const found = { publicKey: one.key, validFor: () => true }
    const material = toTrustMaterial(nobody, () => found)
    // A key needs neither a log nor a time to be believed.
    const verifier = new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 })
    const { verificationMaterial } = bundle
    const alone = { ...verificationMaterial, tlogEntries: [], timestampVerificationData: undefined }
    verifier.verify(toSignedEntity({ ...bundle, verificationMaterial: alone }))
    return
  }
  new Verifier(toTrustMaterial(one.root)).verify(toSignedEntity(bundle), {
    // The library looks for a text anywhere in the identity, as an expression.
    subjectAlternativeName: new RegExp(`^${RegExp.escape(one.identity)}$`),
    extensions: { issuer: one.issuer },
  })
}

function reasonOf(error: unknown, one: Trusted): string {
  const message = error instanceof Error ? error.message : String(error)
  if (one.kind === "key" && /signature verification failed/.test(message))
    return "it does not verify: it was made by another key, or changed"
  return message
}
