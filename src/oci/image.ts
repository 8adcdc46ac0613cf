import { Failure } from "../failure.ts"
import type { Descriptor } from "./descriptor.ts"
import type { Digest } from "./digest.ts"
import {
  ImageConfig,
  ImageManifest,
  isIndexType,
  isManifestType,
  parseJson,
  type History,
  type RunConfig,
} from "./manifest.ts"
import { platformOf, type Platform } from "./platform.ts"
import { readSmall } from "./read-small.ts"
import type { Source, Store } from "./store/store.ts"

/** Where a layer's bytes are: in a repository of a store, or with whoever made them. */
type LayerBytes = { readonly store: Store; readonly repository: string } | MadeHere

/** `file`: a file of these bytes, hashed while it was written, which whoever stores the layer may take away. */
type MadeHere = { readonly open: Source; readonly file?: () => Promise<string> }

/** One layer of an image. */
export type Layer = {
  /** Of the bytes as they are stored, compressed or not. */
  readonly descriptor: Descriptor
  /** The digest of the uncompressed archive. */
  readonly diffId: Digest
  readonly history: History
  readonly from: LayerBytes
}

/** An image as a value. What changes it returns a new one; `writeImage` puts it somewhere. */
export type Image = {
  readonly platform: Platform
  /** What containers run with; never undefined. */
  readonly config: RunConfig
  readonly author: string | undefined
  readonly osVersion: string | undefined
  /** From the bottom up. */
  readonly layers: readonly Layer[]
  /** Annotations of the manifest. */
  readonly annotations: Readonly<Record<string, string>>
}

/** An image may have fewer layers than this in all: engines refuse more than 127, and older ones mount slowly. */
const layerLimit = 100

/** An image of nothing. */
export function emptyImage(platform: Platform): Image {
  return { platform, config: {}, author: undefined, osVersion: undefined, layers: [], annotations: {} }
}

/**
 * Reads a platform manifest and its configuration, OCI or Docker schema 2. No layer is read. Fails with `cannot`
 * when it is not there, is an index, or its layers and diffIDs do not match.
 */
export async function readImage(store: Store, repository: string, reference: string): Promise<Image> {
  const name = `${repository}@${reference}`
  const found = await store.readManifest(repository, reference)
  if (found === undefined) throw new Failure("cannot", `There is no image ${name} in ${store.name}`)
  const { mediaType } = found.descriptor
  if (isIndexType(mediaType)) throw new Failure("cannot", `${name} is an index of several platforms, not an image`)
  if (!isManifestType(mediaType)) throw new Failure("cannot", `${name} is no image, but ${mediaType}`)
  const manifest = parseJson(found.bytes, ImageManifest, `the manifest of ${name}`)
  const bytes = await readSmall(store, repository, manifest.config)
  const config = parseJson(bytes, ImageConfig, `the configuration of ${name}`)
  const diffIds = config.rootfs.diff_ids
  if (diffIds.length !== manifest.layers.length)
    throw new Failure("cannot", `${name} has ${manifest.layers.length} layers, but ${diffIds.length} diffIDs`)
  const history = historyOfLayers(config.history, diffIds.length)
  return {
    platform: platformOf(config),
    config: config.config ?? {},
    author: config.author,
    osVersion: config["os.version"],
    layers: manifest.layers.map((descriptor, at) => ({
      descriptor,
      diffId: diffIds[at] as Digest,
      history: history[at] as History,
      from: { store, repository },
    })),
    annotations: manifest.annotations ?? {},
  }
}

/** One entry a layer; entries of steps that made none are left out. Where the counts differ nothing can be told. */
function historyOfLayers(history: readonly History[] | undefined, layers: number): readonly History[] {
  const real = (history ?? []).filter((entry) => entry.empty_layer !== true)
  return real.length === layers ? real : Array.from({ length: layers }, () => ({}))
}

/** What the layers of an image take as they are stored, in bytes. */
export function sizeOfLayers({ layers }: Pick<Image, "layers">): number {
  return layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0)
}

/** The image with more layers on top. Annotations are not kept: they were about the image below. */
export function appendLayers(image: Image, layers: readonly Layer[]): Image {
  return { ...image, layers: [...image.layers, ...layers], annotations: {} }
}

/** The image with another configuration. Annotations are not kept: they were about the image below. */
export function withConfig(image: Image, change: (config: RunConfig) => RunConfig): Image {
  return { ...image, config: change(image.config), annotations: {} }
}

/** The image with more labels; those of the same name are replaced. */
export function withLabels(image: Image, labels: Readonly<Record<string, string>>): Image {
  return withConfig(image, (config) => ({ ...config, Labels: { ...config.Labels, ...labels } }))
}

/** Fails with `no` when an image has too many layers; `name` is what people call it. */
export function requireLayerCount(image: Image, name: string): void {
  if (image.layers.length < layerLimit) return
  throw new Failure("no", `${name} has ${image.layers.length} layers; fewer than ${layerLimit} are allowed`, {
    hint: "Lower `budget: {layers: …}` of the image or of its parents, or join `RUN` instructions of its Dockerfile",
  })
}
