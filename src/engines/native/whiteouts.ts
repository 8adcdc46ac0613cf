import { posix } from "node:path"
import type { Merged } from "../../oci/merged.ts"
import type { TarHeader } from "../../oci/tar/header.ts"
import { layerWriter } from "../../packages/segment/layer-writer.ts"
import type { WrittenLayer } from "../../packages/segment/sink.ts"
import type { Installed } from "./installed.ts"

/** What an environment still has when some of its files are taken out, and which of its folders are gone with them. */
export type Remaining = Pick<Installed, "files" | "folders"> & { readonly gone: ReadonlySet<string> }

/**
 * Takes files out. A folder goes with them when everything in it was theirs, and nothing is `brought` into it again.
 * One that has an empty folder in it stays: nobody says whose that is. Paths are below the prefix.
 */
export function without(
  removed: ReadonlySet<string>,
  { files, folders }: Pick<Installed, "files" | "folders">,
  brought: Iterable<string> = [],
): Remaining {
  if (removed.size === 0) return { files, folders, gone: new Set() }
  const left = new Set([...files].filter((path) => !removed.has(path)))
  const kept = new Set<string>()
  const keep = (path: string): void => {
    for (const folder of foldersAbove(path)) {
      if (kept.has(folder)) return
      kept.add(folder)
    }
  }
  const full = new Set([...files, ...folders].map((path) => posix.dirname(path)))
  for (const path of left) keep(path)
  for (const path of brought) keep(path)
  for (const folder of folders) if (!full.has(folder)) keep(`${folder}/.`)
  const gone = new Set([...folders].filter((folder) => !kept.has(folder)))
  return { files: left, folders: new Set([...folders].filter((folder) => !gone.has(folder))), gone }
}

/** The paths that a layer has to hide: the outermost folders that are gone, and files that nobody brings anew. Sorted. */
export function hiddenPaths(
  removed: ReadonlySet<string>,
  parent: Pick<Installed, "files" | "folders">,
  brought: ReadonlySet<string>,
): readonly string[] {
  const { gone } = without(removed, parent, brought)
  const outermost = [...removed, ...gone].filter((path) => !gone.has(posix.dirname(path)))
  return outermost.filter((path) => gone.has(path) || !brought.has(path)).sort()
}

/**
 * A layer that hides paths of the parent. Folders on the way have a header of their own, as the parent has them, since
 * some programs unpack a layer where the ones below are not to be seen; none above the prefix.
 * https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
 */
export function whiteoutLayer(
  paths: readonly string[],
  { merged, prefix }: { readonly merged: Merged; readonly prefix: string },
): { readonly layer: WrittenLayer; readonly bytes: Buffer } {
  const pieces: Uint8Array[] = []
  const writer = layerWriter((piece) => pieces.push(Buffer.from(piece)))
  const folders = new Set(paths.flatMap((path) => [...foldersAbove(path)]))
  for (const folder of ["", ...[...folders].sort()]) {
    const path = folder === "" ? prefix.slice(1) : `${prefix.slice(1)}/${folder}`
    const entry = merged.get(path)
    if (entry?.kind !== "directory") throw new Error(`${path} is no folder of the parent`)
    const { mode, uid, gid } = entry
    writer.entry({ path, kind: "directory", mode, uid, gid, size: 0 })
  }
  for (const path of paths) {
    const header: TarHeader = {
      path: whiteoutOf(`${prefix.slice(1)}/${path}`),
      kind: "file",
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: 0,
    }
    writer.entry(header)
  }
  const layer = writer.finish()
  return { layer, bytes: Buffer.concat(pieces) }
}

function whiteoutOf(path: string): string {
  return `${posix.dirname(path)}/.wh.${posix.basename(path)}`
}

/** The folders above a path, the innermost first, without the prefix itself. */
function* foldersAbove(path: string): Iterable<string> {
  for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1))
    yield path.slice(0, slash)
}
