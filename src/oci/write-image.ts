import { parallel } from "../parallel.ts"
import { canonicalJson } from "./canonical-json.ts"
import type { Descriptor } from "./descriptor.ts"
import { digestOf, type Digest } from "./digest.ts"
import type { Image, Layer } from "./image.ts"
import type { RunConfig } from "./manifest.ts"
import { mediaTypes } from "./media-types.ts"
import { platformFields, type Platform } from "./platform.ts"
import type { Store } from "./store/store.ts"

/** When everything that we write was made (design, "Time"). */
export const constantDate = "1980-01-01T00:00:00Z"

/** Layers that are written at once. */
const width = 4

export type Target = { readonly store: Store; readonly repository: string; readonly signal?: AbortSignal | undefined }

/**
 * Writes an image as an OCI manifest, blobs first, each only where it is absent; within one store they are mounted.
 * The same image always gives the same bytes, so the same digest.
 */
export async function writeImage(image: Image, target: Target): Promise<Descriptor> {
  const { store, repository, signal } = target
  const config = Buffer.from(configBytes(image))
  const configDescriptor: Descriptor = {
    mediaType: mediaTypes.ociConfig,
    digest: digestOf(config),
    size: config.length,
  }
  await parallel(image.layers, width, async (layer) => {
    signal?.throwIfAborted()
    await writeLayer(layer, target)
  })
  signal?.throwIfAborted()
  await store.writeBlob(repository, configDescriptor, () => once(config))
  const manifest = Buffer.from(
    canonicalJson({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: configDescriptor,
      layers: image.layers.map(({ descriptor }) => ociLayer(descriptor)),
      ...(Object.keys(image.annotations).length === 0 ? {} : { annotations: image.annotations }),
    }),
  )
  const digest = await store.writeManifest(repository, manifest, mediaTypes.ociManifest)
  return {
    mediaType: mediaTypes.ociManifest,
    digest,
    size: manifest.length,
    platform: platformFields(image.platform),
  }
}

async function writeLayer({ descriptor, from }: Layer, { store, repository }: Target): Promise<void> {
  if ("open" in from) {
    if (from.file !== undefined && (await store.takeFile?.(repository, descriptor, from.file)) === true) return
    await store.writeBlob(repository, descriptor, from.open)
  } else if (from.store === store || from.store.name === store.name) {
    if (from.repository === repository && (await store.has(repository, descriptor.digest))) return
    await store.writeBlob(repository, descriptor, () => from.store.read(from.repository, descriptor.digest), {
      from: from.repository,
    })
  } else await store.writeBlob(repository, descriptor, () => from.store.read(from.repository, descriptor.digest))
}

/**
 * Writes an index of platform manifests that are in the repository already, sorted by platform. The same entries
 * give the same bytes.
 */
export async function writeIndex(
  entries: readonly { readonly platform: Platform; readonly digest: Digest }[],
  { store, repository }: Target,
  annotations: Readonly<Record<string, string>> = {},
): Promise<Descriptor> {
  const sorted = [...entries].sort((a, b) => (a.platform < b.platform ? -1 : 1))
  const manifests = await parallel(sorted, width, async ({ platform, digest }) => {
    const found = await store.headManifest(repository, digest)
    if (found === undefined) throw new Error(`${digest} has to be in ${repository} before its index`)
    const { mediaType, size } = found
    return { mediaType, digest, size, platform: platformFields(platform) }
  })
  const index = Buffer.from(
    canonicalJson({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests,
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    }),
  )
  const digest = await store.writeManifest(repository, index, mediaTypes.ociIndex)
  return { mediaType: mediaTypes.ociIndex, digest, size: index.length }
}

function configBytes(image: Image): string {
  return canonicalJson({
    ...platformFields(image.platform),
    ...(image.author === undefined ? {} : { author: image.author }),
    ...(image.osVersion === undefined ? {} : { "os.version": image.osVersion }),
    created: constantDate,
    config: withoutEmpty(image.config),
    rootfs: { type: "layers", diff_ids: image.layers.map(({ diffId }) => diffId) },
    history: image.layers.map(({ history }) => ({
      created: constantDate,
      ...(history.created_by === undefined ? {} : { created_by: history.created_by }),
      ...(history.author === undefined ? {} : { author: history.author }),
      ...(history.comment === undefined ? {} : { comment: history.comment }),
    })),
  })
}

/** Docker and BuildKit differ in whether they write what is empty: leave it out, it means the same. */
function withoutEmpty(config: RunConfig): RunConfig {
  const filled = Object.entries(config).filter(([, value]) => {
    if (value === undefined || value === "") return false
    return typeof value !== "object" || Object.keys(value).length > 0
  })
  return Object.fromEntries(filled)
}

const dockerLayers: Readonly<Record<string, string>> = {
  [mediaTypes.dockerLayerGzip]: mediaTypes.ociLayerGzip,
  "application/vnd.docker.image.rootfs.diff.tar": mediaTypes.ociLayer,
  "application/vnd.docker.image.rootfs.diff.tar.zstd": mediaTypes.ociLayerZstd,
}

/** The descriptor of a layer as an OCI manifest has it: Docker's media types have equals there. */
function ociLayer({ mediaType, digest, size, annotations }: Descriptor): Descriptor {
  return {
    mediaType: dockerLayers[mediaType] ?? mediaType,
    digest,
    size,
    ...(annotations === undefined || Object.keys(annotations).length === 0 ? {} : { annotations }),
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
