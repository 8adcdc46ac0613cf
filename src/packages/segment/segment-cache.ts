import { createHash } from "node:crypto"
import { join } from "node:path"
import { z } from "zod"
import type { Host } from "../../host/host.ts"
import { canonicalJson } from "../../oci/canonical-json.ts"
import { Digests } from "../../oci/descriptor.ts"
import type { Compression } from "../../tree/step.ts"
import type { Target } from "../wheel/target.ts"
import { forms } from "./forms/all.ts"
import type { SegmentPool } from "./pool.ts"
import { recipeText, segmentFromText, type Recipe, type Segment } from "./recipe.ts"
import type { WrittenLayer } from "./sink.ts"
import type { WheelFile } from "./worker-messages.ts"

/** Rises when the same wheel and target give other bytes. Keys of cached segments and layers hold it. */
export const segmentFormat = 2

/** One package of a layer, by content. */
export type LayerPart = Pick<WheelFile, "sha256" | "filename"> & {
  readonly omit: readonly string[]
  readonly only?: readonly string[] | undefined
}

/** Where files go, and how they are compressed. */
type LayerTarget = { readonly target: Target; readonly compression: Compression }

/** The cache's folder, and one on the same file system for what is not complete yet. */
type CacheHost = { readonly host: Pick<Host, "files">; readonly cache: string; readonly temporary: string }

const WrittenLayer: z.ZodType<WrittenLayer> = z.object({
  digest: Digests,
  size: z.int().positive(),
  diffId: Digests,
  annotations: z.record(z.string(), z.string()).exactOptional(),
})

/** Where the segments of packages are: all that `cache` may clear is made again from wheels. */
export function segmentsFolder(cache: string): string {
  return join(cache, "segments")
}

/** Where the recipe of a wheel for a target is. */
export function recipePath(cache: string, { sha256, filename }: Omit<WheelFile, "file">, target: Target): string {
  return join(segmentsFolder(cache), `${keyOf({ sha256, filename, target })}.recipe`)
}

/** Where the segment of a part for a target is. */
export function segmentPath(cache: string, part: LayerPart, making: LayerTarget): string {
  return join(segmentsFolder(cache), `${keyOf({ part: contentOf(part), ...contentOfTarget(making) })}.segment`)
}

/** What a wheel becomes: from the cache, by the content of the wheel and the target, else read, and kept there. */
export async function segmentOf(
  wheel: WheelFile,
  target: Target,
  from: CacheHost & { readonly pool: SegmentPool },
): Promise<Segment> {
  const recipe = recipePath(from.cache, wheel, target)
  const text = await readText(from.host, recipe)
  if (text === undefined) return await from.pool.read({ wheel, target, recipe, temporary: from.temporary })
  await used(from.host, recipe)
  return segmentFromText(text)
}

/** Where a pack that is made of a wheel is, and its recipe. `inputs` decide its bytes. */
export function packPath(
  cache: string,
  inputs: object,
  target: Target,
): { readonly pack: string; readonly recipe: string } {
  const key = keyOf({ inputs, target })
  return { pack: join(segmentsFolder(cache), `${key}.pyc`), recipe: join(segmentsFolder(cache), `${key}.recipe`) }
}

/** What a pack becomes, if it and its recipe are there. */
export async function readPackRecipe(
  host: Pick<Host, "files">,
  path: { readonly pack: string; readonly recipe: string },
): Promise<Segment | undefined> {
  const text = await readText(host, path.recipe)
  if (text === undefined || (await host.files.stat(path.pack)) === undefined) return undefined
  await used(host, path.recipe)
  await used(host, path.pack)
  return segmentFromText(text)
}

/** Keeps the recipe of a pack. */
export async function writeRecipe(host: Pick<Host, "files">, path: string, recipe: Recipe): Promise<void> {
  const text = recipeText(recipe)
  await host.files.write(path, `${hashOf(text)}\n${text}`, { flush: false })
}

/** The key of a layer: the content of its segments, in their order, and the target. */
export function layerKey(parts: readonly LayerPart[], making: LayerTarget): string {
  return keyOf({ ...contentOfTarget(making), parts: parts.map(contentOf) })
}

function contentOfTarget({ target, compression }: LayerTarget): object {
  return { target, compression, version: forms[compression].version }
}

function contentOf({ sha256, filename, omit, only }: LayerPart): LayerPart {
  return { sha256, filename, omit, only }
}

/** Which blob a layer with this key was, if it was made here before. */
export async function readLayerRecord(
  { host, cache }: Omit<CacheHost, "temporary">,
  key: string,
): Promise<WrittenLayer | undefined> {
  const text = await readText(host, join(cache, "layers", `${key}.json`))
  if (text === undefined) return undefined
  const parsed = WrittenLayer.safeParse(JSON.parse(text))
  return parsed.success ? parsed.data : undefined
}

/** Notes which blob a layer is, so that it need not be made to be known. */
export async function writeLayerRecord(
  { host, cache }: Omit<CacheHost, "temporary">,
  key: string,
  layer: WrittenLayer,
): Promise<void> {
  const body = JSON.stringify(layer)
  // What a power cut leaves of it does not match its hash.
  await host.files.write(join(cache, "layers", `${key}.json`), `${hashOf(body)}\n${body}`, { flush: false })
}

/** Forgets a layer whose record turned out wrong. */
export async function dropLayerRecord({ host, cache }: Omit<CacheHost, "temporary">, key: string): Promise<void> {
  await host.files.remove(join(cache, "layers", `${key}.json`))
}

function keyOf(value: object): string {
  return createHash("sha256")
    .update(canonicalJson({ format: segmentFormat, ...value }))
    .digest("hex")
}

/** Who clears the cache goes by what was used last. */
async function used({ files }: Pick<Host, "files">, path: string): Promise<void> {
  // Another process may have cleared it by now, or it may belong to somebody else.
  await files.touch(path).catch(() => undefined)
}

/** What follows a line with its SHA-256. What does not match its hash counts as not there. */
async function readText(host: Pick<Host, "files">, path: string): Promise<string | undefined> {
  const text = await host.files.readText(path).catch(() => "")
  const newline = text.indexOf("\n")
  const body = text.slice(newline + 1)
  return newline === -1 || text.slice(0, newline) !== hashOf(body) ? undefined : body
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}
