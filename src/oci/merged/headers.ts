import { join } from "node:path"
import { Failure } from "../../failure.ts"
import type { Files } from "../../host/files.ts"
import { readKept, writeKept } from "../../kept-text.ts"
import type { Layer } from "../image.ts"
import { layerEntries } from "../layer/open.ts"
import type { TarHeader } from "../tar/header.ts"

/** The header of a layer's member, its path relative and without `.` or empty parts. The root itself is `""`. */
export type LayerHeader = TarHeader & { readonly mtime: number }

/** Where headers are kept, so that a layer is inflated once for many images. */
export type HeaderCache = { readonly files: Files; readonly folder: string }

/** Rises when the form of cached headers changes. */
const format = 1

/**
 * The headers of all members of a layer, in order. With a cache they are read from there; a cached file that cannot
 * be read counts as none. Fails with `cannot` when a member's path leads out of the image.
 */
export async function readHeaders(layer: Layer, cache?: HeaderCache): Promise<readonly LayerHeader[]> {
  const known = await keptHeaders(layer, cache)
  if (known !== undefined) return known
  const headers: LayerHeader[] = []
  for await (const { header } of layerEntries(layer)) headers.push(layerHeader(header))
  await keepHeaders(layer, headers, cache)
  return headers
}

/** What an archive's header is as one of a layer. Fails with `cannot` when its path leads out of the image. */
export function layerHeader(header: LayerHeader): LayerHeader {
  const link = header.kind === "hardlink" ? { link: relativePath(header.link ?? "") } : {}
  return { ...header, path: relativePath(header.path), ...link }
}

/** The headers of a layer that was read before; undefined for any other. */
export async function keptHeaders(
  layer: Layer,
  cache: HeaderCache | undefined,
): Promise<readonly LayerHeader[] | undefined> {
  return cache === undefined ? undefined : await readCached(cache, pathOf(layer, cache))
}

/** Keeps the headers of a layer, all of them in order, for `keptHeaders`. */
export async function keepHeaders(
  layer: Layer,
  headers: readonly LayerHeader[],
  cache: HeaderCache | undefined,
): Promise<void> {
  if (cache === undefined) return
  await writeKept(cache, pathOf(layer, cache), JSON.stringify({ format, headers: headers.map(packed) }))
}

/** By the digest, which is proven when the layer is read: a diffID is what an image says of itself. */
function pathOf({ descriptor }: Layer, { folder }: HeaderCache): string {
  return join(folder, `${descriptor.digest.replace(":", "-")}.json`)
}

/** A member's path without `/`, `.` and `..`. Fails with `cannot` where `..` is in it. */
export function relativePath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".")
  if (parts.includes("..")) throw new Failure("cannot", `A layer has a member that leads out of it: ${path}`)
  return parts.join("/")
}

type Packed = Omit<LayerHeader, "xattrs"> & { readonly xattrs?: Readonly<Record<string, string>> }

/** Extended attributes are bytes, which JSON has not. */
function packed({ xattrs, ...header }: LayerHeader): Packed {
  if (xattrs === undefined) return header
  return { ...header, xattrs: mapValues(xattrs, (value) => Buffer.from(value).toString("base64")) }
}

function unpacked({ xattrs, ...header }: Packed): LayerHeader {
  if (xattrs === undefined) return header
  return { ...header, xattrs: mapValues(xattrs, (value) => Buffer.from(value, "base64")) }
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}

async function readCached(cache: HeaderCache, path: string): Promise<readonly LayerHeader[] | undefined> {
  const text = await readKept(cache, path)
  if (text === undefined) return undefined
  const read = JSON.parse(text) as { readonly format: number; readonly headers: readonly Packed[] }
  return read.format === format ? read.headers.map(unpacked) : undefined
}
