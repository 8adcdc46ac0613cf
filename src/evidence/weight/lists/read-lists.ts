import { join } from "node:path"
import { Failure } from "../../../failure.ts"
import { readKept, writeKept } from "../../../kept-text.ts"
import type { Layer } from "../../../oci/image.ts"
import {
  keepHeaders,
  keptHeaders,
  layerHeader,
  relativePath,
  type HeaderCache,
  type LayerHeader,
} from "../../../oci/merged/headers.ts"
import { scanWith, type LayerVisitor } from "../../inventory/bounded-scan.ts"
import { readLayerWith } from "../../inventory/reading.ts"
import { listKindOf, type PackageFiles } from "./list-kinds.ts"

/** What the lists of a layer say, by the member that each is. */
export type LayerLists = readonly (readonly [member: number, says: readonly PackageFiles[]])[]

/** Rises when what is read of lists changes. */
const format = 1
/** The largest list that is read, in bytes. */
const largestList = 128 * 1024 * 1024
/** What the lists of a layer may name: files, and letters of their paths. */
const [mostFiles, mostLetters] = [2_000_000, 64 * 1024 * 1024]
/** A longer path is none on Linux. */
const longestPath = 4096

/** What a layer has: the headers of its members, in the order of its archive, and what its lists say. */
export type Listing = { readonly headers: readonly LayerHeader[]; readonly lists: LayerLists }

/** Where what is read of layers is kept. */
export type ListingCaches = { readonly headers?: HeaderCache | undefined; readonly lists?: HeaderCache | undefined }

/**
 * Reads the headers of a layer and what package managers wrote in it of which files they installed, in one pass. What was read before
 * is not read again, and a layer whose known headers name no such file is not read. Fails with `cannot` where the layer
 * is malformed or says more than any image has.
 */
export async function readListing(layer: Layer, caches: ListingCaches = {}): Promise<Listing> {
  const known = await keptHeaders(layer, caches.headers)
  const hasLists = known?.some(({ kind, path }) => kind === "file" && listKindOf(path) !== undefined)
  if (known !== undefined && hasLists === false) return { headers: known, lists: [] }
  const kept = await keptLists(layer, caches.lists)
  if (known !== undefined && kept !== undefined) return { headers: known, lists: kept }
  const read = await readLayerWith(layer, (name) => scanWith(name, listingVisitor(name.what)))
  if (known === undefined) await keepHeaders(layer, read.headers, caches.headers)
  if (caches.lists !== undefined && (read.lists.length > 0 || hasLists === true))
    await writeKept(caches.lists, pathOf(layer, caches.lists), JSON.stringify({ format, lists: read.lists }))
  return read
}

function pathOf({ descriptor }: Layer, { folder }: HeaderCache): string {
  return join(folder, `${descriptor.digest.replace(":", "-")}-files.json`)
}

async function keptLists(layer: Layer, cache: HeaderCache | undefined): Promise<LayerLists | undefined> {
  const text = cache === undefined ? undefined : await readKept(cache, pathOf(layer, cache))
  const kept = text === undefined ? undefined : (JSON.parse(text) as { format: number; lists: LayerLists })
  return kept?.format === format ? kept.lists : undefined
}

function listingVisitor(what: string): LayerVisitor<Listing> {
  const headers: LayerHeader[] = []
  const lists: [number, readonly PackageFiles[]][] = []
  let [files, letters] = [0, 0]
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
      const at = headers.push(layerHeader(header)) - 1
      if (content === undefined || header.kind !== "file") return
      const says = listKindOf(headers[at]?.path ?? "")?.read(content)
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
    found: () => ({ headers, lists }),
  }
}

function isPath(path: string): boolean {
  return path !== "" && path.length <= longestPath
}
