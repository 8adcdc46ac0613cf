import type { MergedEntry } from "../../oci/merged/tree.ts"
import { bytes } from "../../report/format.ts"
import { columns } from "../columns.ts"

/** A line a file: its size, the layer that brought it, its path. */
export function filesText(files: readonly MergedEntry[]): string {
  const rows = files.map(({ size, content, path }) => [
    bytes(size).padStart(8),
    `layer ${(content?.layer ?? 0) + 1}`,
    `/${path}`,
  ])
  return columns(rows)
    .map((line) => `${line}\n`)
    .join("")
}

export function filesJson(files: readonly MergedEntry[]): object {
  return {
    files: files.map(({ path, size, mode, uid, gid, content }) => ({
      path: `/${path}`,
      size,
      mode: mode.toString(8).padStart(4, "0"),
      uid,
      gid,
      layer: (content?.layer ?? 0) + 1,
    })),
  }
}
