import { z } from "zod"
import { Digests } from "../oci/descriptor.ts"
import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import type { CheckKey } from "../plan/check-key.ts"
import type { Key } from "../plan/key.ts"
import type { RowId } from "../tree/tree.ts"

export type ReleasedPlatform = {
  readonly digest: Digest
  /** What it was built on: the parent's platform manifest. */
  readonly parent: Digest | null
  readonly uses: Readonly<Record<RowId, Digest>>
  readonly key: Key
  /** Under which it passed. */
  readonly check: CheckKey
  readonly checks: { readonly passed: number; readonly failed: number }
  /** Compressed bytes of all layers. */
  readonly size: number
}

export type ReleasedImage = {
  readonly id: RowId
  readonly repository: string
  readonly index: Digest
  /** Empty for a row that is only a parent. */
  readonly tags: readonly string[]
  /** The release that this row's image is kept from. */
  readonly carriedFrom?: string | undefined
  readonly platforms: Readonly<Record<Platform, ReleasedPlatform>>
}

/** One immutable record of the whole tree. */
export type Release = {
  readonly version: 1
  /** `2026.11.21-3f2a91c`, then `.1`. */
  readonly id: string
  readonly sequence: number
  readonly previous: Digest | null
  readonly source: {
    readonly commit?: string | undefined
    readonly branch?: string | undefined
    readonly dirty: boolean
    readonly run?: string | undefined
  }
  /** Some row that should be in it has no image. */
  readonly partial: boolean
  /** The hash of the plan's inputs. */
  readonly inputs: string
  /** By id. */
  readonly images: readonly ReleasedImage[]
}

const hex = z.string().regex(/^[0-9a-f]{64}$/)

const ReleasedPlatforms = z.object({
  digest: Digests,
  parent: Digests.nullable(),
  uses: z.record(z.string(), Digests),
  key: hex.transform((text) => text as Key),
  check: hex.transform((text) => text as CheckKey),
  checks: z.object({ passed: z.int().nonnegative(), failed: z.int().nonnegative() }),
  size: z.int().nonnegative(),
})

/** The form of a release record. */
export const Release: z.ZodType<Release> = z.object({
  version: z.literal(1),
  id: z.string(),
  sequence: z.int().positive(),
  previous: Digests.nullable(),
  source: z.object({
    commit: z.string().optional(),
    branch: z.string().optional(),
    dirty: z.boolean(),
    run: z.string().optional(),
  }),
  partial: z.boolean(),
  inputs: hex,
  images: z.array(
    z.object({
      id: z.string(),
      repository: z.string(),
      index: Digests,
      tags: z.array(z.string()),
      carriedFrom: z.string().optional(),
      platforms: z.record(z.string(), ReleasedPlatforms),
    }),
  ),
})
