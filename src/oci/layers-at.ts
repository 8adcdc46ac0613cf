import type { Descriptor } from "./descriptor.ts"
import type { Digest } from "./digest.ts"
import { ImageManifest, parseJson } from "./manifest.ts"
import type { Location } from "./store/store.ts"

/** The layers of an image, from its manifest alone; undefined when it is not there. */
export async function layersAt({ store, repository, digest }: Location): Promise<readonly Descriptor[] | undefined> {
  const found = await store.readManifest(repository, digest)
  return found === undefined ? undefined : parseJson(found.bytes, ImageManifest, `the manifest ${digest}`).layers
}

/** The layers that somebody lacks who has these, each once. */
export function lackedLayers<T extends { readonly digest: Digest }>(
  layers: readonly T[],
  had: ReadonlySet<Digest>,
): readonly T[] {
  return [...new Map(layers.map((layer) => [layer.digest, layer])).values()].filter(({ digest }) => !had.has(digest))
}
