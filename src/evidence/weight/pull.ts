import type { Digest } from "../../oci/digest.ts"
import { lackedLayers } from "../../oci/layers-at.ts"

/** A layer as it is pulled and unpacked, in bytes. */
export type PulledLayer = { readonly digest: Digest; readonly size: number; readonly unpacked: number }

/** What somebody pulls of an image. */
export type Pull = {
  readonly bytes: number
  readonly unpacked: number
  readonly layers: number
  readonly of: number
}

/** What a node pulls that has these layers already. A layer that is in an image twice is pulled once. */
export function pullOf(layers: readonly PulledLayer[], had: ReadonlySet<Digest>): Pull {
  const missing = lackedLayers(layers, had)
  return {
    bytes: missing.reduce((sum, { size }) => sum + size, 0),
    unpacked: missing.reduce((sum, { unpacked }) => sum + unpacked, 0),
    layers: missing.length,
    of: new Set(layers.map(({ digest }) => digest)).size,
  }
}

/** How fast a node is, in bytes a second: what comes over the network, and what is unpacked to its disk. */
export type Pace = { readonly network: number; readonly unpacking: number }

/** Seconds that a pull takes: over the network, to unpack, and both one after the other, which is the most it can be. */
export function timeOf(
  { bytes, unpacked }: Pull,
  { network, unpacking }: Pace,
): {
  readonly network: number
  readonly unpacking: number
  readonly most: number
} {
  const [over, to] = [bytes / network, unpacked / unpacking]
  return { network: over, unpacking: to, most: over + to }
}

const units: Readonly<Record<string, number>> = { bit: 1 / 8, B: 1 }
const prefixes: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 }

/**
 * Bytes a second of a pace such as `1Gbit/s`, `200Mbit/s` or `50MB/s`; undefined for anything else, and for none at all.
 *
 * @example readPace("1Gbit/s") // 125000000
 */
export function readPace(text: string): number | undefined {
  const [, amount, prefix = "", unit = ""] = /^([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([kMGT]?)(bit|B)\/s$/.exec(text) ?? []
  const value = Number(amount) * (prefixes[prefix] ?? 0) * (units[unit] ?? 0)
  return value > 0 ? value : undefined
}
