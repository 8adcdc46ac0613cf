import { promisify } from "node:util"
import { gunzip, gzip } from "node:zlib"
import { z } from "zod"
import type { Part } from "../../oci/artifact.ts"
import { canonicalJson } from "../../oci/canonical-json.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Image } from "../../oci/image.ts"
import { artifactTypes } from "../../tree/labels.ts"
import { factsFormat, type LayerFacts } from "../inventory/layer-facts.ts"

/** What each layer of an image says, by the layer's digest: who has the same layers need not read them. */
export type KnownFacts = ReadonlyMap<Digest, LayerFacts>

/** The most that kept facts may unpack to, in bytes: forty times those of a large image. */
const largest = 256 * 1024 * 1024

const Record = z.looseObject({
  path: z.string(),
  items: z.array(z.looseObject({ kind: z.string(), name: z.string() })),
  installer: z.string().optional(),
  origin: z.string().optional(),
  licence: z.string().optional(),
})

const Facts = z.object({
  format: z.literal(factsFormat),
  gone: z.array(z.string()),
  members: z.array(z.union([z.string(), z.tuple([z.string(), z.string()]), z.tuple([z.string()]), Record])),
  files: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
})

const Kept = z.object({ format: z.literal(factsFormat), layers: z.record(z.string(), Facts) })

/** The facts of an image's layers, to be kept beside it. */
export async function factsPart({ layers }: Image, facts: readonly LayerFacts[]): Promise<Part> {
  const byDigest = Object.fromEntries(layers.map(({ descriptor }, at) => [descriptor.digest, facts[at]]))
  const bytes = await promisify(gzip)(canonicalJson({ format: factsFormat, layers: byDigest }), { level: 9 })
  return { mediaType: artifactTypes.layerFacts, bytes, title: "layer-facts.json.gz" }
}

/** What was kept by `factsPart`; nothing where it is of another version or no such thing: then layers are read. */
export async function readFacts(bytes: Uint8Array): Promise<KnownFacts> {
  try {
    const text = await promisify(gunzip)(bytes, { maxOutputLength: largest })
    const { layers } = Kept.parse(JSON.parse(text.toString()))
    return new Map(Object.entries(layers)) as unknown as KnownFacts
  } catch {
    return new Map()
  }
}
