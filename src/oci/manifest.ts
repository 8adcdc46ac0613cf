import { z } from "zod"
import { Failure } from "../failure.ts"
import { Descriptor, Digests } from "./descriptor.ts"
import type { Digest } from "./digest.ts"
import { mediaTypes } from "./media-types.ts"

/** Manifests and indexes larger than this are refused, in bytes. Registries take 4 MiB at least. */
export const manifestLimit: number = 8 * 1024 * 1024

/** An image manifest, OCI or Docker schema 2. https://github.com/opencontainers/image-spec/blob/main/manifest.md */
export type ImageManifest = {
  readonly schemaVersion: 2
  readonly mediaType?: string | undefined
  readonly artifactType?: string | undefined
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly subject?: Descriptor | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

const annotations = z.record(z.string(), z.string()).optional()

export const ImageManifest: z.ZodType<ImageManifest> = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: Descriptor,
  layers: z.array(Descriptor).max(10_000),
  subject: Descriptor.optional(),
  annotations,
})

/** An image index, or Docker's manifest list. https://github.com/opencontainers/image-spec/blob/main/image-index.md */
export type ImageIndex = {
  readonly schemaVersion: 2
  readonly mediaType?: string | undefined
  readonly artifactType?: string | undefined
  readonly manifests: readonly Descriptor[]
  readonly subject?: Descriptor | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

export const ImageIndex: z.ZodType<ImageIndex> = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  manifests: z.array(Descriptor).max(100_000),
  subject: Descriptor.optional(),
  annotations,
})

/** One line of how an image came to be. */
export type History = {
  readonly created?: string | undefined
  readonly created_by?: string | undefined
  readonly author?: string | undefined
  readonly comment?: string | undefined
  readonly empty_layer?: boolean | undefined
}

/** What a container of the image runs with. The last four are Docker's, which OCI leaves room for. */
export type RunConfig = {
  readonly User?: string | undefined
  readonly ExposedPorts?: Readonly<Record<string, object>> | undefined
  readonly Env?: readonly string[] | undefined
  readonly Entrypoint?: readonly string[] | undefined
  readonly Cmd?: readonly string[] | undefined
  readonly Volumes?: Readonly<Record<string, object>> | undefined
  readonly WorkingDir?: string | undefined
  readonly Labels?: Readonly<Record<string, string>> | undefined
  readonly StopSignal?: string | undefined
  readonly StopTimeout?: number | undefined
  readonly Healthcheck?: Readonly<Record<string, unknown>> | undefined
  readonly OnBuild?: readonly string[] | undefined
  readonly Shell?: readonly string[] | undefined
}

/** An image configuration; fields that we do not use are left out. https://github.com/opencontainers/image-spec/blob/main/config.md */
export type ImageConfig = {
  readonly architecture: string
  readonly os: string
  readonly variant?: string | undefined
  readonly "os.version"?: string | undefined
  readonly author?: string | undefined
  readonly config?: RunConfig | undefined
  readonly rootfs: { readonly type: "layers"; readonly diff_ids: readonly Digest[] }
  readonly history?: readonly History[] | undefined
}

/** Docker writes `null` where it means that there is nothing. */
function orNull<T extends z.ZodType>(schema: T): z.ZodType<z.output<T> | undefined> {
  return schema.nullish().transform((value) => value ?? undefined)
}

const strings = z.array(z.string())
const set = z.record(z.string(), z.object({}))

const RunConfig = z.object({
  User: orNull(z.string()),
  ExposedPorts: orNull(set),
  Env: orNull(strings),
  Entrypoint: orNull(strings),
  Cmd: orNull(strings),
  Volumes: orNull(set),
  WorkingDir: orNull(z.string()),
  Labels: orNull(z.record(z.string(), z.string())),
  StopSignal: orNull(z.string()),
  StopTimeout: orNull(z.number()),
  Healthcheck: orNull(z.record(z.string(), z.unknown())),
  OnBuild: orNull(strings),
  Shell: orNull(strings),
})

const History = z.object({
  created: orNull(z.string()),
  created_by: orNull(z.string()),
  author: orNull(z.string()),
  comment: orNull(z.string()),
  empty_layer: orNull(z.boolean()),
})

export const ImageConfig: z.ZodType<ImageConfig> = z.object({
  architecture: z.string(),
  os: z.string(),
  variant: orNull(z.string()),
  "os.version": orNull(z.string()),
  author: orNull(z.string()),
  config: orNull(RunConfig),
  rootfs: z.object({ type: z.literal("layers"), diff_ids: orNull(z.array(Digests)).transform((ids) => ids ?? []) }),
  history: orNull(z.array(History)),
})

const manifestTypes: ReadonlySet<string> = new Set([mediaTypes.ociManifest, mediaTypes.dockerManifest])
const indexTypes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerList])

/** True for the media type of an image manifest, OCI or Docker. */
export function isManifestType(mediaType: string): boolean {
  return manifestTypes.has(mediaType)
}

/** True for the media type of an index, OCI or Docker. */
export function isIndexType(mediaType: string): boolean {
  return indexTypes.has(mediaType)
}

/** True for a layer of zstd: OCI's, its non-distributable one, and Docker's. */
export function isZstd(mediaType: string): boolean {
  return /\.tar[+.]zstd$/.test(mediaType)
}

/** True for a layer that registries need not have: OCI's non-distributable and Docker's foreign ones. */
export function isForeign(mediaType: string): boolean {
  return /\.nondistributable\.|\.foreign\./.test(mediaType)
}

/**
 * Reads JSON bytes by a schema. `what` names them in the error: `the manifest sha256:…`.
 * Fails with `cannot` when they are too large, no JSON, or something else.
 */
export function parseJson<T>(bytes: Uint8Array, schema: z.ZodType<T>, what: string): T {
  if (bytes.length > manifestLimit) throw new Failure("cannot", `Cannot read ${what}: it has ${bytes.length} bytes`)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))
  } catch (error) {
    throw new Failure("cannot", `Cannot read ${what}: it is no JSON`, { cause: error })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Failure("cannot", `Cannot read ${what}: it has another form than it should`, {
    detail: z.prettifyError(parsed.error),
  })
}
