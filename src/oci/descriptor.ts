import { z } from "zod"
import { isDigest, type Digest } from "./digest.ts"

/** A digest as text, checked. */
export const Digests: z.ZodType<Digest> = z.custom<Digest>(
  (value) => typeof value === "string" && isDigest(value),
  "not a sha256 or sha512 digest",
)

/** An OCI descriptor: what bytes are, which, and how many. https://github.com/opencontainers/image-spec/blob/main/descriptor.md */
export type Descriptor = {
  readonly mediaType: string
  readonly digest: Digest
  /** In bytes. */
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly artifactType?: string | undefined
  readonly platform?: { os: string; architecture: string; variant?: string | undefined } | undefined
}

export const Descriptor: z.ZodType<Descriptor> = z.object({
  mediaType: z.string(),
  digest: Digests,
  size: z.int().nonnegative(),
  annotations: z.record(z.string(), z.string()).optional(),
  artifactType: z.string().optional(),
  platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() }).optional(),
})
