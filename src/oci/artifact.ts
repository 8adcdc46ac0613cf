import { z } from "zod"
import { Failure } from "../failure.ts"
import { collect } from "./collect.ts"
import { canonicalJson } from "./canonical-json.ts"
import { Descriptor } from "./descriptor.ts"
import { digestOf, type Digest } from "./digest.ts"
import { jsonOf } from "./json-of.ts"
import { mediaTypes } from "./media-types.ts"
import type { Location, Store } from "./store/store.ts"

/** A blob of an artifact, whole in memory: what nbstacks keeps is small. */
export type Part = { readonly mediaType: string; readonly bytes: Uint8Array; readonly title?: string }

export type Artifact = {
  readonly type: string
  readonly parts: readonly Part[]
  readonly annotations: Readonly<Record<string, string>>
  readonly subject?: Descriptor
}

const empty = new TextEncoder().encode("{}")

/** The config of every artifact: `{}`. */
export const emptyConfig: Descriptor = { mediaType: mediaTypes.ociEmpty, digest: digestOf(empty), size: empty.length }

/** The bytes of an artifact's manifest. The same artifact gives the same bytes. */
export function artifactManifest(artifact: Artifact): Uint8Array {
  const layers = artifact.parts.map(descriptorOf)
  const { subject } = artifact
  return new TextEncoder().encode(
    canonicalJson({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: artifact.type,
      config: emptyConfig,
      layers: layers.length === 0 ? [emptyConfig] : layers,
      subject: subject && { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
      annotations: artifact.annotations,
    }),
  )
}

/** Uploads what an artifact's manifest refers to. */
export async function writeParts(store: Store, repository: string, artifact: Artifact): Promise<void> {
  const blobs = [
    { descriptor: emptyConfig, bytes: empty },
    ...artifact.parts.map((part) => ({ descriptor: descriptorOf(part), bytes: part.bytes })),
  ]
  await Promise.all(blobs.map(({ descriptor, bytes }) => store.writeBlob(repository, descriptor, () => once(bytes))))
}

/** Puts artifacts beside their subject: what they refer to, then all of them as one change of the subject's list. */
export async function attachArtifacts(
  { store, repository, digest }: Location,
  artifacts: readonly Artifact[],
): Promise<void> {
  for (const artifact of artifacts) await writeParts(store, repository, artifact)
  await store.attach(repository, digest, artifacts.map(artifactManifest))
}

/** Uploads an artifact and gives the digest of its manifest. It has no tag yet. */
export async function writeArtifact(store: Store, repository: string, artifact: Artifact): Promise<Digest> {
  await writeParts(store, repository, artifact)
  return await store.writeManifest(repository, artifactManifest(artifact), mediaTypes.ociManifest)
}

function descriptorOf(part: Part): Descriptor {
  return {
    mediaType: part.mediaType,
    digest: digestOf(part.bytes),
    size: part.bytes.length,
    ...(part.title === undefined ? {} : { annotations: { "org.opencontainers.image.title": part.title } }),
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

/** A value as a part: canonical JSON. */
export function jsonPart(mediaType: string, value: unknown, title?: string): Part {
  const bytes = new TextEncoder().encode(canonicalJson(value))
  return title === undefined ? { mediaType, bytes } : { mediaType, bytes, title }
}

/** An artifact's manifest, as read. */
export type ArtifactManifest = {
  readonly artifactType?: string | undefined
  readonly layers: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

export const ArtifactManifest: z.ZodType<ArtifactManifest> = z.object({
  artifactType: z.string().optional(),
  layers: z.array(Descriptor),
  annotations: z.record(z.string(), z.string()).optional(),
})

/** Reads an artifact's manifest by tag or digest; `undefined` if there is none, or it is of another type. */
export async function readArtifact(
  store: Store,
  repository: string,
  { reference, type }: { readonly reference: string; readonly type: string },
): Promise<(ArtifactManifest & { readonly digest: Digest }) | undefined> {
  const manifest = await store.readManifest(repository, reference)
  if (manifest === undefined) return undefined
  const parsed = ArtifactManifest.safeParse(jsonOf(manifest.bytes))
  if (!parsed.success || parsed.data.artifactType !== type) return undefined
  return { ...parsed.data, digest: manifest.descriptor.digest }
}

const largest = 64 * 1024 * 1024

/** The bytes of a part of an artifact, verified. Fails with `cannot` when there are others, or more than 64 MiB. */
export async function readPart(store: Store, repository: string, descriptor: Descriptor): Promise<Uint8Array> {
  const place = `${store.name}/${repository}@${descriptor.digest}`
  const { digest, size } = descriptor
  const bytes = size > largest ? undefined : await collect(store.read(repository, digest), size)
  if (bytes !== undefined) return bytes
  throw new Failure("cannot", `${place} is too large: ${size} bytes${size > largest ? "" : ", and it has more"}`, {
    hint: "It was not written by nbstacks; find out who did, and delete it",
  })
}

/** Reads a part of an artifact as JSON that a schema accepts. Fails with `cannot` when it does not, or is over 64 MiB. */
export async function readJsonPart<T>(
  store: Store,
  repository: string,
  { descriptor, schema }: { readonly descriptor: Descriptor; readonly schema: z.ZodType<T> },
): Promise<T> {
  const parsed = schema.safeParse(jsonOf(await readPart(store, repository, descriptor)))
  if (parsed.success) return parsed.data
  const place = `${store.name}/${repository}@${descriptor.digest}`
  throw new Failure("cannot", `${place} is not of a form that this version of nbstacks reads`, {
    cause: parsed.error,
    hint: "Was it written by a newer nbstacks? Update this one",
  })
}
