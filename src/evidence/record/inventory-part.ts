import { z } from "zod"
import { jsonPart, type Part } from "../../oci/artifact.ts"
import { Digests } from "../../oci/descriptor.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Image } from "../../oci/image.ts"
import type { Platform } from "../../oci/platform.ts"
import { artifactTypes } from "../../tree/labels.ts"
import { ecosystems } from "../inventory/item.ts"
import type { Inventory } from "../inventory/inventory.ts"
import { factsFormat } from "../inventory/layer-facts.ts"
import type { Found } from "../inventory/join.ts"

/** The inventory of an image as it is kept beside it: what is in it, and what each layer weighs. */
export type InventoryRecord = {
  readonly version: 1
  /** Of the facts that it was made of: another version may find more. */
  readonly facts: number
  /** The platform manifest that it is about. */
  readonly image: Digest
  readonly platform: Platform
  /** From the bottom: bytes as they are stored, files, and bytes unpacked. */
  readonly layers: readonly {
    readonly digest: Digest
    readonly size: number
    readonly files: number
    readonly bytes: number
  }[]
  readonly items: readonly Found[]
}

const text = z.string()
const placed = { path: text, layer: z.int().nonnegative(), name: text }

/** What versions to come say besides stays as it is. */
const Items = z.discriminatedUnion("kind", [
  z.looseObject({
    ...placed,
    kind: z.literal("package"),
    ecosystem: z.enum(ecosystems),
    version: text,
    architecture: text.optional(),
    licence: text.optional(),
    installer: text.optional(),
    origin: text.optional(),
    build: text.optional(),
    uuid: text.optional(),
  }),
  z.looseObject({ ...placed, kind: z.literal("kernel"), display: text, language: text, argv: z.array(text) }),
  z.looseObject({
    ...placed,
    kind: z.enum(["labextension", "serverextension"]),
    version: text.optional(),
    enabled: z.boolean().optional(),
  }),
  z.looseObject({ ...placed, kind: z.literal("unread"), ecosystem: z.enum(ecosystems), why: text }),
  z.looseObject({ ...placed, kind: z.literal("system"), id: text, version: text.optional() }),
])

/** The form of a kept inventory. */
export const InventoryRecord: z.ZodType<InventoryRecord> = z.object({
  version: z.literal(1),
  facts: z.int(),
  image: Digests,
  platform: text.transform((value) => value as Platform),
  layers: z.array(
    z.object({
      digest: Digests,
      size: z.int().nonnegative(),
      files: z.int().nonnegative(),
      bytes: z.int().nonnegative(),
    }),
  ),
  items: z.array(Items) as unknown as z.ZodType<readonly Found[]>,
})

/** The inventory of an image, to be kept beside it. */
export function inventoryPart(image: Image, digest: Digest, inventory: Inventory): Part {
  const record: InventoryRecord = {
    version: 1,
    facts: factsFormat,
    image: digest,
    platform: image.platform,
    layers: image.layers.map(({ descriptor }, at) => ({
      digest: descriptor.digest,
      size: descriptor.size,
      files: inventory.layers[at]?.files ?? 0,
      bytes: inventory.layers[at]?.bytes ?? 0,
    })),
    items: inventory.items,
  }
  return jsonPart(artifactTypes.inventory, record, "inventory.json")
}

/** Why a kept inventory cannot be about an image; undefined where it can. */
export function mismatchOf(record: InventoryRecord, image: Image, digest: Digest): string | undefined {
  if (record.image !== digest) return `it is about ${record.image}`
  if (record.platform !== image.platform) return `it is about ${record.platform}`
  const same =
    record.layers.length === image.layers.length &&
    image.layers.every(({ descriptor }, at) => record.layers[at]?.digest === descriptor.digest)
  if (!same) return "it has other layers than the image"
  return record.items.some(({ layer }) => layer >= record.layers.length)
    ? "it names layers that are not there"
    : undefined
}
