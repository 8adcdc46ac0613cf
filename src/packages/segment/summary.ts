import type { Bytes } from "../wheel/bytes.ts"
import { planInstallation } from "../wheel/install.ts"
import type { Target } from "../wheel/target.ts"

/** Rises when the same wheel and target give other bytes. Keys of cached segments and layers hold it. */
export const segmentFormat = 2

/** What planning needs to know of a package, without its bytes. */
export type Segment = {
  /** As METADATA writes them. */
  readonly name: string
  readonly version: string
  /** Relative to the prefix. */
  readonly distInfo: string
  /** Sorted by path. `size` is the most that it takes in a layer, compressed, in bytes. */
  readonly files: readonly { readonly path: string; readonly size: number }[]
  /** What people should know about it, each a sentence. */
  readonly warnings?: readonly string[] | undefined
}

/** Reads a wheel's directory and metadata and says what it becomes. */
export function summarise(wheel: { bytes: Bytes; filename: string }, target: Target): Segment {
  const { name, version, distInfo, files, warnings } = planInstallation(wheel, target)
  const at = target.prefix.length
  return {
    name,
    version,
    distInfo,
    files: files.map((file) => {
      const content =
        file.source.kind === "bytes" ? file.size + 5 * Math.ceil(file.size / 0xffff) : spliceSize(file.source.member)
      return { path: file.path, size: content + headerSize(at + file.path.length) }
    }),
    ...(warnings.length === 0 ? {} : { warnings }),
  }
}

/** A stored member gets a head for each block of 65,535 bytes. */
function spliceSize(member: { readonly method: 0 | 8; readonly packed: number }): number {
  return member.packed + 18 + (member.method === 0 ? 5 * Math.ceil(member.packed / 0xffff) : 0)
}

/** More than a header, its padding and a share of its directories ever take, compressed. A PAX header says a long path three times. */
function headerSize(path: number): number {
  return 320 + path * (path > 90 ? 6 : 2)
}
