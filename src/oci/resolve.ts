import { z } from "zod"
import { Failure } from "../failure.ts"
import type { Digest } from "./digest.ts"
import { ImageIndex, ImageManifest, isIndexType, isManifestType, parseJson } from "./manifest.ts"
import { platformFields, platformOf, type Platform } from "./platform.ts"
import { readSmall } from "./read-small.ts"
import { parseReference } from "./reference.ts"
import type { RegistryHost } from "./store/registry/context.ts"
import { openRegistry, type RegistryOptions } from "./store/registry/registry.ts"
import type { Manifest, Store } from "./store/store.ts"

const ConfigPlatform = z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() })

/**
 * The digests of an image's platform manifests, from a reference with a host: what a lock records. Where the
 * reference has a digest, that counts and not its tag. Fails with `cannot` when there is no such image, when it has
 * not all platforms, or when the reference has no host.
 */
export async function resolveReference(
  reference: string,
  platforms: readonly Platform[],
  host: RegistryHost,
  options: RegistryOptions = {},
): Promise<Readonly<Record<Platform, Digest>>> {
  const parsed = parseReference(reference)
  if (parsed?.host === undefined) {
    throw new Failure("cannot", `\`${reference}\` is not an image reference with a registry`, {
      hint: "Write `host/repository:tag`, such as `ghcr.io/example/base:2026.1`",
    })
  }
  return await resolveIn(openRegistry(parsed.host, host, options), {
    repository: parsed.repository,
    reference: parsed.digest ?? parsed.tag ?? "latest",
    platforms,
  })
}

/** The platforms for which there is an image, in the order of its index. Fails with `cannot` when there is none. */
export async function platformsAt(
  store: Store,
  { repository, reference }: { readonly repository: string; readonly reference: string },
): Promise<readonly Platform[]> {
  const { manifest, name } = await manifestAt(store, { repository, reference })
  return (await platformsOf(store, { repository, manifest, name })).map(([platform]) => platform)
}

/** The same for an image of a store that is open. */
export async function resolveIn(
  store: Store,
  wanted: { readonly repository: string; readonly reference: string; readonly platforms: readonly Platform[] },
): Promise<Readonly<Record<Platform, Digest>>> {
  const { repository, reference, platforms } = wanted
  const { manifest, name } = await manifestAt(store, { repository, reference })
  const offered = await platformsOf(store, { repository, manifest, name })
  const found = [...platforms].sort().map((platform) => [platform, find(offered, platform)] as const)
  const missing = found.filter(([, digest]) => digest === undefined).map(([platform]) => platform)
  if (missing.length > 0) {
    throw new Failure("cannot", `${name} is not there for ${missing.join(" and ")}`, {
      hint: `It is there for ${[...new Set(offered.map(([platform]) => platform))].sort().join(", ") || "no platform"}`,
    })
  }
  return Object.fromEntries(found.filter((entry) => entry[1] !== undefined)) as Record<Platform, Digest>
}

async function manifestAt(
  store: Store,
  { repository, reference }: { readonly repository: string; readonly reference: string },
): Promise<{ readonly manifest: Manifest; readonly name: string }> {
  const name = `${store.name}/${repository}${reference.includes(":") ? "@" : ":"}${reference}`
  const manifest = await store.readManifest(repository, reference)
  if (manifest === undefined) throw new Failure("cannot", `There is no ${name}`, { hint: "Check the name and the tag" })
  return { manifest, name }
}

/** Platforms, with the digest of the image for each. */
export type Offered = readonly (readonly [Platform, Digest])[]

/**
 * The first exact match; for a platform without a variant also the baseline variant, which some write out (`v1` of
 * amd64), and for `linux/arm` the one that containerd takes.
 */
function find(offered: Offered, platform: Platform): Digest | undefined {
  const exact = offered.find(([other]) => other === platform)
  if (exact !== undefined) return exact[1]
  const { architecture, variant } = platformFields(platform)
  const baseline = { amd64: "v1", arm: "v7" }[architecture]
  if (variant !== undefined && variant !== baseline) return undefined
  const other = variant === undefined ? `${platform}/${baseline}` : platform.slice(0, -(variant.length + 1))
  return offered.find(([candidate]) => candidate === other)?.[1]
}

async function platformsOf(
  store: Store,
  { repository, manifest, name }: { readonly repository: string; readonly manifest: Manifest; readonly name: string },
): Promise<Offered> {
  const { mediaType, digest } = manifest.descriptor
  if (isIndexType(mediaType)) {
    return imagesOf(parseJson(manifest.bytes, ImageIndex, name))
  }
  if (!isManifestType(mediaType)) throw new Failure("cannot", `${name} is no image, but ${mediaType}`)
  const { config } = parseJson(manifest.bytes, ImageManifest, name)
  const platform = parseJson(await readSmall(store, repository, config), ConfigPlatform, `the configuration of ${name}`)
  return [[platformOf(platform), digest]]
}

/** The images that an index lists, in its order. BuildKit lists attestations as manifests of the platform unknown/unknown. */
export function imagesOf({ manifests }: ImageIndex): Offered {
  return manifests.flatMap(({ mediaType, platform, digest }) =>
    isManifestType(mediaType) && platform !== undefined && platform.os !== "unknown"
      ? [[platformOf(platform), digest] as const]
      : [],
  )
}
