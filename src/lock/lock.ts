import { z } from "zod"
import { Digests } from "../oci/descriptor.ts"
import type { Digest } from "../oci/digest.ts"
import { isPlatform, type Platform } from "../oci/platform.ts"
import type { RowId } from "../tree/tree.ts"

/** The name of the file. */
export const lockFile = "nbstacks.lock"

/** `nbstacks.lock`: everything that decides bytes and is in no other file. */
export type Lock = {
  readonly version: 1
  /** Reference as it is used → platform → digest of the platform's manifest. */
  readonly images: Readonly<Record<string, Readonly<Record<Platform, Digest>>>>
  /** What Dockerfiles `ADD` → sha256 in hexadecimal. */
  readonly urls: Readonly<Record<string, string>>
  /** Row → platform → package → version. */
  readonly debian: Readonly<Record<RowId, Readonly<Record<Platform, Readonly<Record<string, string>>>>>>
  /** Row → a text that changes when its steps are to be executed anew. */
  readonly refresh: Readonly<Record<RowId, string>>
}

/** A lock with nothing in it. */
export const emptyLock: Lock = { version: 1, images: {}, urls: {}, debian: {}, refresh: {} }

const Platforms = z.custom<Platform>((value) => typeof value === "string" && isPlatform(value), "not a platform")
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, "not a sha256 hash")
const Version = z.string().regex(/^[0-9][A-Za-z0-9.+~:-]*$/, "not a version of a Debian package")
const Package = z.string().regex(/^[a-z0-9][a-z0-9+.-]*$/, "not a name of a Debian package")
const Refresh = z.string().regex(/^[\w.:+-]{1,64}$/, "not a refresh value")

/** The form of the file. Parts that are empty may be left out. */
export const LockFile: z.ZodType<Lock> = z.strictObject({
  version: z.literal(1),
  images: z.record(z.string(), z.record(Platforms, Digests)).default({}),
  urls: z.record(z.string(), Sha256).default({}),
  debian: z.record(z.string(), z.record(Platforms, z.record(Package, Version))).default({}),
  refresh: z.record(z.string(), Refresh).default({}),
})
