import { createPrivateKey, scryptSync, type KeyObject } from "node:crypto"
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js"
import { z } from "zod"
import { Failure, isFailure } from "../../failure.ts"

/** A private key as a file or a variable has it, and the password that it may need. */
export type WrittenKey = {
  /** What people call it in an error: a path, or a variable's name. */
  readonly what: string
  readonly pem: string
  readonly password: string | undefined
}

const passwordHint = "Set NBSTACKS_SIGNING_PASSWORD (or COSIGN_PASSWORD) to its password"

/**
 * Reads a private key: PKCS #8, SEC 1 or PKCS #1 in PEM, with or without a password, or as `cosign generate-key-pair` writes it.
 * Fails with `cannot` when it is none of these, of a kind that nobody verifies, or the password is wrong.
 */
export function readPrivateKey({ what, pem, password }: WrittenKey): KeyObject {
  try {
    const cosign = /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----([\s\S]+?)-----END/.exec(pem)?.[1]
    const key =
      cosign === undefined
        ? createPrivateKey({ key: pem, ...(password === undefined ? {} : { passphrase: password }) })
        : createPrivateKey({ key: openCosign(cosign, { what, password }), format: "der", type: "pkcs8" })
    requireKind(key, what)
    return key
  } catch (error) {
    if (isFailure(error)) throw error
    if (/BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(pem))
      throw new Failure(
        "cannot",
        `Cannot open the private key ${what}: ${password === undefined ? "it has a password" : "the password is wrong"}`,
        {
          cause: error,
          hint: passwordHint,
        },
      )
    throw new Failure("cannot", `${what} is no private key in PEM`, {
      cause: error,
      hint: "Make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out signing.key`, or with `cosign generate-key-pair`",
    })
  }
}

/** The kinds that cosign and the Sigstore libraries verify. */
export function requireKind(key: KeyObject, what: string): void {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  const kind = key.asymmetricKeyType
  if (
    kind === "ed25519" ||
    (kind === "ec" && namedCurve === "prime256v1") ||
    (kind === "rsa" && (modulusLength ?? 0) >= 2048)
  )
    return
  throw new Failure(
    "cannot",
    `${what} is a key of a kind that is not used to sign images: ${namedCurve ?? (kind === "rsa" ? `RSA of ${modulusLength} bits` : kind)}`,
    {
      hint: "Use a key of the curve P-256, as cosign makes them, or Ed25519, or RSA of 2048 bits and more",
    },
  )
}

/** https://github.com/secure-systems-lab/go-securesystemslib/blob/main/encrypted/encrypted.go */
const Sealed = z.object({
  kdf: z.object({
    name: z.literal("scrypt"),
    // More than four times what is written today is no key, but somebody who wants our memory.
    params: z.object({
      N: z.int().positive().max(262_144),
      r: z.int().positive().max(16),
      p: z.int().positive().max(4),
    }),
    salt: z.base64(),
  }),
  cipher: z.object({ name: z.literal("nacl/secretbox"), nonce: z.base64() }),
  ciphertext: z.base64(),
})

function openCosign(base64: string, { what, password }: Pick<WrittenKey, "what" | "password">): Buffer {
  const sealed = Sealed.parse(JSON.parse(Buffer.from(base64, "base64").toString()))
  const { N, r, p } = sealed.kdf.params
  const salt = Buffer.from(sealed.kdf.salt, "base64")
  const key = scryptSync(password ?? "", salt, 32, { N, r, p, maxmem: 256 * N * r })
  const nonce = Buffer.from(sealed.cipher.nonce, "base64")
  try {
    return Buffer.from(xsalsa20poly1305(key, nonce).decrypt(Buffer.from(sealed.ciphertext, "base64")))
  } catch (error) {
    const why = password === undefined ? "it has a password" : "the password is wrong"
    throw new Failure("cannot", `Cannot open the private key ${what}: ${why}`, { cause: error, hint: passwordHint })
  }
}
