import { createHash, type Hash } from "node:crypto"

/** `sha256:<64 hex>` or `sha512:<128 hex>`, the two registered algorithms of the OCI image specification. */
export type Digest = `sha256:${string}` | `sha512:${string}`

export type DigestAlgorithm = "sha256" | "sha512"

const shape = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/

/** True for a well-formed digest of a registered algorithm. */
export function isDigest(text: string): text is Digest {
  return shape.test(text)
}

/** The digest of some bytes. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`
}

/** The algorithm and the hexadecimal part of a digest. */
export function partsOf(digest: Digest): { readonly algorithm: DigestAlgorithm; readonly hex: string } {
  const colon = digest.indexOf(":")
  return { algorithm: digest.slice(0, colon) as DigestAlgorithm, hex: digest.slice(colon + 1) }
}

/** A running hash for bytes that come in pieces; `digest()` ends it. */
export type Hasher = { update(bytes: Uint8Array): void; digest(): Digest }

/** A hasher of one algorithm. */
export function hasher(algorithm: DigestAlgorithm = "sha256"): Hasher {
  const hash: Hash = createHash(algorithm)
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => `${algorithm}:${hash.digest("hex")}`,
  }
}
