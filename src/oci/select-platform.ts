import { Failure } from "../failure.ts"
import type { Descriptor } from "./descriptor.ts"
import type { Digest } from "./digest.ts"
import { ImageConfig, ImageIndex, ImageManifest, isIndexType, parseJson } from "./manifest.ts"
import { platformOf, type Platform } from "./platform.ts"
import { readSmall } from "./read-small.ts"
import type { Store } from "./store/store.ts"

/** The first manifest of an index for a platform. Attestations, which call themselves `unknown/unknown`, are none. */
function manifestFor(index: ImageIndex, platform: Platform): Descriptor | undefined {
  return index.manifests.find((entry) => entry.platform !== undefined && platformOf(entry.platform) === platform)
}

/**
 * The platform manifest of a reference: of an index the one for the platform, of an image itself, if it is for that
 * platform. Fails with `cannot` when there is none, saying which there are.
 */
export async function selectPlatform(
  store: Store,
  { repository, reference }: { readonly repository: string; readonly reference: string },
  platform: Platform,
): Promise<Digest> {
  const found = await store.readManifest(repository, reference)
  const name = `${repository}${reference.includes(":") ? "@" : ":"}${reference}`
  if (found === undefined) throw new Failure("cannot", `There is no image ${name} in ${store.name}`)
  if (isIndexType(found.descriptor.mediaType)) {
    const index = parseJson(found.bytes, ImageIndex, `the index ${name}`)
    const entry = manifestFor(index, platform)
    if (entry !== undefined) return entry.digest
    const there = index.manifests.flatMap((one) => (one.platform === undefined ? [] : [platformOf(one.platform)]))
    throw noPlatform(name, platform, there)
  }
  const manifest = parseJson(found.bytes, ImageManifest, `the manifest of ${name}`)
  const config = parseJson(
    await readSmall(store, repository, manifest.config),
    ImageConfig,
    `the configuration of ${name}`,
  )
  const is = platformOf(config)
  if (is !== platform) throw noPlatform(name, platform, [is])
  return found.descriptor.digest
}

function noPlatform(name: string, platform: Platform, there: readonly Platform[]): Failure {
  const list = there.filter((one) => !one.startsWith("unknown/")).join(", ")
  return new Failure("cannot", `${name} is not there for ${platform}, only for ${list || "no platform"}`)
}
