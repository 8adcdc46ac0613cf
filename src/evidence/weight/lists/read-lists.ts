import { join } from "node:path"
import { Failure } from "../../../failure.ts"
import type { Files } from "../../../host/files.ts"
import { readKept, writeKept } from "../../../kept-text.ts"
import type { Layer } from "../../../oci/image.ts"
import { relativePath, type LayerHeader } from "../../../oci/merged/headers.ts"
import { scanWith, type LayerVisitor } from "../../inventory/bounded-scan.ts"
import { readLayerWith } from "../../inventory/reading.ts"
import { listKindOf, type PackageFiles } from "./list-kinds.ts"

/** What the lists of a layer say, by the member that each is. */
export type LayerLists = readonly (readonly [member: number, says: readonly PackageFiles[]])[]

/** Where lists are kept, so that a layer is read once for many images. */
export type ListCache = { readonly files: Files; readonly folder: string }

/** Rises when what is read of lists changes. */
const format = 1
/** The largest list that is read, in bytes. */
const largestList = 128 * 1024 * 1024
/** What the lists of a layer may name: files, and letters of their paths. */
const [mostFiles, mostLetters] = [2_000_000, 64 * 1024 * 1024]
/** A longer path is none on Linux. */
const longestPath = 4096

/**
 * Reads what package managers wrote in a layer of which files they installed. A layer that has no such file is not
 * read, and one that was read before is not asked for. Fails with `cannot` where the layer is malformed or says more
 * than any image has.
 *
 * @param headers Of the layer's members, in the order of its archive.
 */
export async function readLists(
  layer: Layer,
  headers: readonly LayerHeader[],
  cache: ListCache | undefined,
): Promise<LayerLists> {
  if (!headers.some(({ kind, path }) => kind === "file" && listKindOf(path) !== undefined)) return []
  const path = cache === undefined ? "" : join(cache.folder, `${layer.descriptor.digest.replace(":", "-")}-files.json`)
  const text = cache === undefined ? undefined : await readKept(cache, path)
  const kept = text === undefined ? undefined : (JSON.parse(text) as { format: number; lists: LayerLists })
  if (kept?.format === format) return kept.lists
  const lists = await readLayerWith(layer, (name) => scanWith(name, listVisitor(name.what)))
  if (cache !== undefined) await writeKept(cache, path, JSON.stringify({ format, lists }))
  return lists
}

function listVisitor(what: string): LayerVisitor<LayerLists> {
  const lists: [number, readonly PackageFiles[]][] = []
  let [member, files, letters] = [0, 0, 0]
  const tooMuch = (words: string): Failure =>
    new Failure("cannot", `Cannot read ${what}: ${words}`, {
      hint: "No image of packages is like that; look at how the layer was made",
    })
  return {
    wants({ path, size }) {
      if (listKindOf(relativePath(path)) === undefined) return false
      if (size > largestList) throw tooMuch(`${path} has ${size} bytes, more than ${largestList}`)
      return true
    },
    member(header, content) {
      const at = member++
      if (content === undefined || header.kind !== "file") return
      const says = listKindOf(relativePath(header.path))?.read(content)
      if (says === undefined || says.length === 0) return
      const sound = says.map(([name, listed]): PackageFiles => [name, listed.filter(isPath)])
      for (const [name, listed] of sound) {
        files += 1 + listed.length
        letters += name.length + listed.reduce((sum, one) => sum + one.length, 0)
      }
      if (files > mostFiles) throw tooMuch(`its packages have more than ${mostFiles} files`)
      if (letters > mostLetters) throw tooMuch(`the paths of its packages' files have more than ${mostLetters} letters`)
      lists.push([at, sound])
    },
    found: () => lists,
  }
}

function isPath(path: string): boolean {
  return path !== "" && path.length <= longestPath
}
