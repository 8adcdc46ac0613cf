import { z } from "zod"
import { Failure } from "../../../failure.ts"
import { Digests } from "../../descriptor.ts"
import type { Digest } from "../../digest.ts"
import { ImageIndex, ImageManifest, isForeign, isIndexType, isManifestType, parseJson } from "../../manifest.ts"

/** What a manifest or an index names. */
export type References = {
  /** `optional` ones may be elsewhere: layers that are not to be distributed. */
  readonly blobs: readonly { readonly digest: Digest; readonly size: number; readonly optional: boolean }[]
  readonly manifests: readonly Digest[]
  readonly subject: Digest | undefined
  /** As the referrers API shows it: an image manifest's config type where it says nothing itself. */
  readonly artifactType: string | undefined
  readonly annotations: Readonly<Record<string, string>> | undefined
}

/** A manifest of a type that we do not know: only its subject is looked at. */
const Other: z.ZodType<{ readonly subject?: { readonly digest: Digest } | undefined }> = z.object({
  subject: z.object({ digest: Digests }).optional(),
})
const Typed: z.ZodType<{ readonly mediaType?: string | undefined }> = z.object({ mediaType: z.string().optional() })

/** Reads what a manifest names. Fails with `cannot` when it is malformed, or says another media type than it comes with. */
export function referencesOf(bytes: Uint8Array, mediaType: string): References {
  const said = parseJson(bytes, Typed, "the manifest").mediaType
  if (said !== undefined && said !== mediaType)
    throw new Failure("cannot", `The manifest says that it is ${said}, but it came as ${mediaType}`)
  if (isIndexType(mediaType)) {
    const index = parseJson(bytes, ImageIndex, "the index")
    return {
      blobs: [],
      manifests: index.manifests.map(({ digest }) => digest),
      subject: index.subject?.digest,
      artifactType: index.artifactType,
      annotations: index.annotations,
    }
  }
  if (isManifestType(mediaType)) {
    const manifest = parseJson(bytes, ImageManifest, "the manifest")
    return {
      blobs: [manifest.config, ...manifest.layers].map((blob) => ({
        digest: blob.digest,
        size: blob.size,
        optional: isForeign(blob.mediaType),
      })),
      manifests: [],
      subject: manifest.subject?.digest,
      artifactType: manifest.artifactType || manifest.config.mediaType,
      annotations: manifest.annotations,
    }
  }
  const other = parseJson(bytes, Other, "the manifest")
  return { blobs: [], manifests: [], subject: other.subject?.digest, artifactType: undefined, annotations: undefined }
}
