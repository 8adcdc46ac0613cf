import { timeOf, type Pace, type Pull } from "../../evidence/weight/pull.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Platform } from "../../oci/platform.ts"
import { bytes, duration } from "../../report/format.ts"
import { columns } from "../columns.ts"
import type { Colors } from "../io.ts"

/** What a node pulls that has something. */
export type PullRow = { readonly having: string; readonly pull: Pull }

export type PullView = {
  readonly name: string
  readonly digest: Digest
  readonly platform: Platform
  readonly rows: readonly PullRow[]
  readonly pace: Pace
  /** As they were declared. */
  readonly bandwidth: string
  readonly unpacking: string
}

/** A line for each thing that a node may have. */
export function pullText({ name, platform, rows, pace, bandwidth, unpacking }: PullView, { bold }: Colors): string {
  const lines = columns([
    ["a node that has", "   pulls", " layers", "unpacks", "ready within about"],
    ...rows.map(({ having, pull }) => [
      having,
      bytes(pull.bytes).padStart(8),
      `${pull.layers} of ${pull.of}`.padStart(7),
      bytes(pull.unpacked).padStart(7),
      pull.layers === 0 ? "at once" : duration(timeOf(pull, pace).most * 1000),
    ]),
  ])
  const [head = "", ...rest] = lines
  return `${[
    bold(`${name}  ${platform}`),
    bold(head),
    ...rest,
    "",
    `At ${bandwidth} from the registry, and ${unpacking} unpacked (--bandwidth, --unpacking). Engines do`,
    "both at once where they can, so it may be less.",
  ].join("\n")}\n`
}

/** The same for programs; times in seconds. */
export function pullJson({ name, digest, platform, rows, pace }: PullView): object {
  return {
    image: name,
    digest,
    platform,
    bytesPerSecond: pace,
    nodes: rows.map(({ having, pull }) => ({ having, ...pull, seconds: timeOf(pull, pace) })),
  }
}
