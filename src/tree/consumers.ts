import type { Compression } from "./step.ts"

/** What reads images and cannot read every compression. */
export type Consumer = "docker-20.10" | "soci" | "soci-0.13" | "apple-container" | "bootc" | "composefs"

/** All of them. */
export const consumers: readonly [Consumer, ...Consumer[]] = [
  "docker-20.10",
  "soci",
  "soci-0.13",
  "apple-container",
  "bootc",
  "composefs",
]

const noZstd = "it reads no zstd"
const oneMember = "it stops after the first gzip member"

const firstFrame = "it reads the first frame only"

/** What was measured, or reported by their users: docs/decisions/0068 has the sources. */
const limits: Readonly<Record<Consumer, Partial<Readonly<Record<Compression, string>>>>> = {
  "docker-20.10": { zstd: "Docker before 23 fails with `invalid tar header`" },
  soci: { zstd: noZstd },
  "soci-0.13": { zstd: noZstd, gzip: oneMember, estargz: oneMember },
  "apple-container": { zstd: noZstd },
  bootc: { gzip: oneMember, estargz: oneMember },
  composefs: { zstd: firstFrame, gzip: oneMember, estargz: oneMember },
}

/** Why a consumer cannot read layers of a compression, in a few words; undefined where it can. */
export function cannotRead(consumer: Consumer, compression: Compression): string | undefined {
  return limits[consumer][compression]
}

/** Why a consumer cannot read any zstd at all, of whoever made it; undefined where it can, one frame at least. */
export function cannotReadZstd(consumer: Consumer): string | undefined {
  const why = cannotRead(consumer, "zstd")
  return why === firstFrame ? undefined : why
}
