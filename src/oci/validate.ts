import { isFailure } from "../failure.ts"
import { hasher, partsOf, type Digest } from "./digest.ts"
import { decompress } from "./layer/decompress.ts"
import {
  ImageConfig,
  ImageIndex,
  ImageManifest,
  isForeign,
  isIndexType,
  isManifestType,
  parseJson,
} from "./manifest.ts"
import { mediaTypes } from "./media-types.ts"
import { platformOf } from "./platform.ts"
import { readSmall } from "./read-small.ts"
import type { Location, Manifest } from "./store/store.ts"
import { readTar } from "./tar/reader.ts"

const configTypes: ReadonlySet<string> = new Set([mediaTypes.ociConfig, mediaTypes.dockerConfig])
const layerType =
  /^application\/vnd\.(?:oci\.image\.layer(?:\.nondistributable)?\.v1\.tar(?:\+gzip|\+zstd)?|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.gzip|\.zstd)?)$/

/**
 * Reads the whole of an image, or of each image of an index, and says everything that is wrong: digests, sizes and
 * diffIDs of every layer, that each is a readable archive, media types, and the counts of layers, diffIDs and
 * history. An empty list means that it is sound.
 */
export async function validateImage(location: Location, signal?: AbortSignal): Promise<readonly string[]> {
  const { store, repository, digest } = location
  const problems: string[] = []
  const attempt = async (what: string, task: () => Promise<void>): Promise<void> => {
    signal?.throwIfAborted()
    try {
      await task()
    } catch (error) {
      if (!isFailure(error)) throw error
      problems.push(`${what}: ${error.message}`)
    }
  }
  await attempt(digest, async () => {
    const found = await store.readManifest(repository, digest)
    if (found === undefined) {
      problems.push(`${digest}: not there`)
      return
    }
    const { mediaType, size } = found.descriptor
    if (size !== found.bytes.length) problems.push(`${digest}: ${found.bytes.length} bytes, not ${size}`)
    if (isIndexType(mediaType)) problems.push(...(await indexProblems(location, found.bytes, signal)))
    else if (isManifestType(mediaType)) await checkManifest(found)
    else problems.push(`${digest}: ${mediaType} is no image`)
  })
  return problems

  async function checkManifest({ bytes: received, descriptor: { mediaType } }: Manifest): Promise<void> {
    const manifest = parseJson(received, ImageManifest, "the manifest")
    if (manifest.mediaType !== undefined && manifest.mediaType !== mediaType)
      problems.push(`${digest}: says ${manifest.mediaType}, but came as ${mediaType}`)
    if (!configTypes.has(manifest.config.mediaType))
      problems.push(`${digest}: ${manifest.config.mediaType} is no configuration`)
    const bytes = await readSmall(store, repository, manifest.config)
    if (bytes.length !== manifest.config.size)
      problems.push(`${manifest.config.digest}: ${bytes.length} bytes, not ${manifest.config.size}`)
    const config = parseJson(bytes, ImageConfig, "the configuration")
    problems.push(...countProblems(manifest, config).map((text) => `${digest}: ${text}`))
    for (const [at, layer] of manifest.layers.entries()) {
      if (!layerType.test(layer.mediaType)) problems.push(`${layer.digest}: ${layer.mediaType} is no layer`)
      if (isForeign(layer.mediaType)) continue
      await attempt(layer.digest, async () => {
        const diffId = config.rootfs.diff_ids[at]
        const seen = await measure(location, { digest: layer.digest, algorithm: diffId })
        if (seen.size !== layer.size) problems.push(`${layer.digest}: ${seen.size} bytes, not ${layer.size}`)
        if (diffId !== undefined && seen.diffId !== diffId)
          problems.push(`${layer.digest}: its diffID is ${seen.diffId}, not ${diffId}`)
      })
    }
  }
}

async function indexProblems(
  location: Location,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const problems: string[] = []
  for (const child of parseJson(bytes, ImageIndex, "the index").manifests) {
    problems.push(...(await validateImage({ ...location, digest: child.digest }, signal)))
    const head = await location.store.headManifest(location.repository, child.digest)
    if (head !== undefined && (head.size !== child.size || head.mediaType !== child.mediaType))
      problems.push(`${location.digest}: another size or media type than ${child.digest} has`)
  }
  return problems
}

function countProblems(manifest: ImageManifest, config: ImageConfig): readonly string[] {
  const problems: string[] = []
  const layers = manifest.layers.length
  const diffIds = config.rootfs.diff_ids.length
  const history = config.history?.filter((entry) => entry.empty_layer !== true).length
  if (diffIds !== layers) problems.push(`${layers} layers, but ${diffIds} diffIDs`)
  if (history !== undefined && history !== layers) problems.push(`${layers} layers, but ${history} lines of history`)
  if (!/^[a-z0-9]+\/[a-z0-9_]+/.test(platformOf(config))) problems.push("no platform in its configuration")
  return problems
}

/** Reads a layer to its end; its digest is verified by the store, and every header by the reader of archives. */
async function measure(
  { store, repository }: Location,
  { digest, algorithm }: { readonly digest: Digest; readonly algorithm: Digest | undefined },
): Promise<{ readonly size: number; readonly diffId: Digest }> {
  const hash = hasher(algorithm === undefined ? "sha256" : partsOf(algorithm).algorithm)
  let size = 0
  const counted = async function* (): AsyncIterable<Uint8Array> {
    for await (const chunk of store.read(repository, digest)) {
      size += chunk.length
      yield chunk
    }
  }
  const hashed = async function* (): AsyncIterable<Uint8Array> {
    for await (const chunk of decompress(counted(), `the layer ${digest}`)) {
      hash.update(chunk)
      yield chunk
    }
  }
  for await (const _entry of readTar(hashed(), `the layer ${digest}`));
  return { size, diffId: hash.digest() }
}
