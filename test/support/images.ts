import { randomBytes } from "node:crypto"
import type { Descriptor } from "../../src/oci/descriptor.ts"
import { digestOf } from "../../src/oci/digest.ts"
import { mediaTypes } from "../../src/oci/media-types.ts"
import type { Store } from "../../src/oci/store/store.ts"

/** Bytes with the descriptor by which they are stored. */
export type Blob = { readonly descriptor: Descriptor; readonly bytes: Uint8Array }

/** A blob of these bytes, or of so many random ones. */
export function makeBlob(content: Uint8Array | string | number, mediaType = "application/octet-stream"): Blob {
  const bytes = typeof content === "number" ? randomBytes(content) : Buffer.from(content)
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } }
}

/** A source of bytes in pieces of 64 KiB. */
export function sourceOf(bytes: Uint8Array): () => AsyncIterable<Uint8Array> {
  return async function* () {
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
  }
}

/** All bytes of a stream. */
export async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Pushes an image with one layer, and gives its manifest. What is in the layer matters to nobody here. */
export async function pushImage(
  store: Store,
  repository: string,
  {
    layer = makeBlob(1000),
    architecture = "amd64",
    subject,
  }: { readonly layer?: Blob; readonly architecture?: string; readonly subject?: Descriptor } = {},
): Promise<Blob> {
  const config = makeBlob(
    JSON.stringify({ os: "linux", architecture, rootfs: { type: "layers", diff_ids: [layer.descriptor.digest] } }),
    mediaTypes.ociConfig,
  )
  for (const { descriptor, bytes } of [layer, config]) await store.writeBlob(repository, descriptor, sourceOf(bytes))
  const manifest = makeBlob(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: config.descriptor,
      layers: [{ ...layer.descriptor, mediaType: mediaTypes.ociLayer }],
      ...(subject === undefined ? {} : { subject }),
    }),
    mediaTypes.ociManifest,
  )
  await store.writeManifest(repository, manifest.bytes, mediaTypes.ociManifest)
  return manifest
}
