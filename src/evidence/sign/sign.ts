import { createHash, createPublicKey, sign, type KeyObject } from "node:crypto"
import { bundleToJSON } from "@sigstore/bundle"
import { DSSEBundleBuilder, type Signer } from "@sigstore/sign"
import type { Artifact } from "../../oci/artifact.ts"
import type { Descriptor } from "../../oci/descriptor.ts"
import type { Digest } from "../../oci/digest.ts"
import { artifactTypes } from "../../tree/labels.ts"
import { payloadType, signatureStatement, signatureType } from "./statement.ts"

/** Signs digests. */
export type ImageSigner = {
  /** The key that verifies what this signs; undefined where each signature brings a certificate of its own. */
  readonly publicKey: KeyObject | undefined
  /** A Sigstore bundle, as JSON, over a statement about these digests. */
  readonly bundle: (subjects: readonly Digest[]) => Promise<Uint8Array>
}

/** Signs with a private key. No log is told of it. */
export function keySigner(key: KeyObject): ImageSigner {
  const publicKey = createPublicKey(key)
  const hint = hintOf(publicKey)
  const signer: Signer = {
    sign: (data) => {
      const algorithm = key.asymmetricKeyType === "ed25519" ? null : "sha256"
      const pem = publicKey.export({ type: "spki", format: "pem" }).toString()
      return Promise.resolve({
        signature: sign(algorithm, data, key),
        key: { $case: "publicKey", publicKey: pem, hint },
      })
    },
  }
  return {
    publicKey,
    bundle: async (subjects) => await bundleOf(new DSSEBundleBuilder({ signer, witnesses: [] }), subjects),
  }
}

/** A bundle as JSON. */
export async function bundleOf(builder: DSSEBundleBuilder, subjects: readonly Digest[]): Promise<Uint8Array> {
  const bundle = await builder.create({ data: signatureStatement(subjects), type: payloadType })
  if (bundle.content.$case !== "dsseEnvelope") throw new Error("the builder made no envelope")
  // The hint is in the bundle; cosign passes over signatures with a key id that is not its own.
  for (const signature of bundle.content.dsseEnvelope.signatures) signature.keyid = ""
  return new TextEncoder().encode(JSON.stringify(bundleToJSON(bundle)))
}

/** What a bundle says of the key that verifies it: the hash of the key, as cosign writes it. */
export function hintOf(publicKey: KeyObject): string {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64")
}

/**
 * The artifact that keeps a signature beside what it is about, as cosign 3 writes it.
 * https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
 */
export function signatureArtifact(bundle: Uint8Array, subject: Descriptor): Artifact {
  return {
    type: artifactTypes.bundle,
    parts: [{ mediaType: artifactTypes.bundle, bytes: bundle }],
    subject,
    annotations: {
      "dev.sigstore.bundle.content": "dsse-envelope",
      "dev.sigstore.bundle.predicateType": signatureType,
    },
  }
}
