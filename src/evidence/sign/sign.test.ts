import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { digestOf } from "../../oci/digest.ts"
import { readPrivateKey } from "./private-key.ts"
import { keySigner } from "./sign.ts"
import { judgeBundle, readPublicKey, type Trusted } from "./trust.ts"

const digests = [digestOf("an image"), digestOf("its evidence")]
const p256 = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
const trust = (key: KeyObject, name = "lab.pub"): Trusted => ({ kind: "key", name, key: createPublicKey(key) })

describe("a signature", () => {
  const kinds: Readonly<Record<string, () => KeyObject>> = {
    "P-256": p256,
    Ed25519: () => generateKeyPairSync("ed25519").privateKey,
    RSA: () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
  }
  for (const [name, make] of Object.entries(kinds))
    test(`by a key of ${name} is believed, and says which digests it is about`, async () => {
      const key = make()
      const bundle = await keySigner(key).bundle(digests)
      expect(judgeBundle(bundle, [trust(p256(), "other.pub"), trust(key)])).toEqual({
        by: "lab.pub",
        digests: new Set(digests),
      })
    })

  test("by another key is not, and where nobody is trusted none is", async () => {
    const bundle = await keySigner(p256()).bundle(digests)
    expect(judgeBundle(bundle, [trust(p256())])).toEqual({ no: "it was made by another key" })
    expect(judgeBundle(bundle, [])).toEqual({ no: "nobody's signatures count here" })
  })

  test("that names a trusted key, and was made by another, is not believed", async () => {
    const [mine, theirs] = [p256(), p256()]
    const hintOf = (bundle: Uint8Array): string =>
      JSON.parse(Buffer.from(bundle).toString()).verificationMaterial.publicKey.hint
    const [good, forged] = [await keySigner(mine).bundle(digests), await keySigner(theirs).bundle(digests)]
    const text = Buffer.from(forged).toString().replace(hintOf(forged), hintOf(good))
    expect(judgeBundle(Buffer.from(text), [trust(mine)])).toEqual({
      no: "it does not verify: it was made by another key, or changed",
    })
  })

  test("with any bit changed is refused, or says the same", async () => {
    expect.hasAssertions()
    const key = p256()
    const bundle = Buffer.from(await keySigner(key).bundle(digests))
    const same = { by: "lab.pub", digests: new Set(digests) }
    fc.assert(
      fc.property(fc.nat(bundle.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bundle)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const judged = judgeBundle(changed, [trust(key)])
        // Some bytes say nothing, such as the case of a letter in an escape.
        if ("by" in judged) expect(judged).toEqual(same)
      }),
      { numRuns: 300 },
    )
  })

  test("what is no bundle is refused in a word", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(judgeBundle(bytes, [trust(p256())])).toEqual({ no: "it is no Sigstore bundle" })
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe("a private key", () => {
  const pem = (key: KeyObject, password?: string): string =>
    key
      .export({
        type: "pkcs8",
        format: "pem",
        ...(password === undefined ? {} : { cipher: "aes-256-cbc", passphrase: password }),
      })
      .toString()

  test("is read with and without a password", () => {
    const key = p256()
    const read = (text: string, password?: string): boolean =>
      readPrivateKey({ what: "lab.key", pem: text, password }).equals(key)
    expect(read(pem(key))).toBe(true)
    expect(read(pem(key, "secret"), "secret")).toBe(true)
    expect(() => read(pem(key, "secret"), "wrong")).toThrow(
      "Cannot open the private key lab.key: the password is wrong",
    )
    expect(() => read(pem(key, "secret"))).toThrow("Cannot open the private key lab.key: it has a password")
  })

  test("of a kind that nobody verifies is refused, as is what is no key", () => {
    const odd = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey
    const read = (text: string): unknown => readPrivateKey({ what: "lab.key", pem: text, password: undefined })
    expect(() => read(pem(odd))).toThrow("lab.key is a key of a kind that is not used to sign images: secp256k1")
    expect(() => read("hello")).toThrow("lab.key is no private key in PEM")
    expect(() => readPublicKey("hello", "lab.pub")).toThrow("lab.pub is no public key in PEM")
  })

  test("of cosign that asks for all of the memory is refused", () => {
    const sealed = {
      kdf: { name: "scrypt", params: { N: 2 ** 30, r: 8, p: 1 }, salt: "AAAA" },
      cipher: { name: "nacl/secretbox", nonce: "AAAA" },
      ciphertext: "AAAA",
    }
    const text = `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n${Buffer.from(JSON.stringify(sealed)).toString("base64")}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n`
    expect(() => readPrivateKey({ what: "lab.key", pem: text, password: "x" })).toThrow("Cannot open the private key")
  })
})
