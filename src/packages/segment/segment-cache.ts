import { createHash } from "node:crypto"
import { join } from "node:path"
import { z } from "zod"
import { Failure } from "../../failure.ts"
import { readKept, sealed, writeKept } from "../../kept-text.ts"
import type { Host } from "../../host/host.ts"
import { canonicalJson } from "../../oci/canonical-json.ts"
import { Digests } from "../../oci/descriptor.ts"
import { remembered } from "../../remember.ts"
import type { Compression } from "../../tree/step.ts"
import type { Target } from "../wheel/target.ts"
import { forms } from "./forms/all.ts"
import type { SegmentPool } from "./pool.ts"
import { recipeFilesFromText, recipeText, segmentFiles, type Recipe, type Segment, type SegmentFile } from "./recipe.ts"
import type { WrittenLayer } from "./sink.ts"
import type { WheelFile } from "./worker-messages.ts"

/** Rises when the same wheel and target give other bytes. Keys of cached segments and layers hold it. */
export const segmentFormat = 4

/** One package of a layer, by content. */
export type LayerPart = Pick<WheelFile, "sha256" | "filename" | "url"> & {
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

/** Where it is kept how a package becomes a segment: in short, and file by file. */
export type RecipePath = { readonly summary: string; readonly files: string }

/** Where the recipe of a wheel for a target is. */
export function recipePath(
  cache: string,
  { sha256, filename, url }: Omit<WheelFile, "file">,
  target: Target,
): RecipePath {
  return recipeAt(cache, keyOf({ sha256, filename, url, target }))
}

function recipeAt(cache: string, key: string): RecipePath {
  return { summary: join(segmentsFolder(cache), `${key}.json`), files: join(segmentsFolder(cache), `${key}.recipe`) }
}

/** Where the segment of a part for a target is. */
export function segmentPath(cache: string, part: LayerPart, making: LayerTarget): string {
  return join(segmentsFolder(cache), `${keyOf({ part: contentOf(part), ...contentOfTarget(making) })}.segment`)
}

type From = CacheHost & {
  readonly pool: SegmentPool
  /** What was asked for before, by the path of its summary. */
  readonly known: Map<string, Promise<Segment>>
}

/** A wheel, and where its recipe for a target is. */
type Recipient = { readonly wheel: WheelFile; readonly target: Target; readonly recipe: RecipePath }

/** What a wheel becomes: from the cache, by the content of the wheel and the target, else read, and kept there. */
export function segmentOf({ wheel, target, recipe }: Recipient, from: From): Promise<Segment> {
  return remembered(from.known, recipe.summary, async () => {
    const text = await readKept(from.host, recipe.summary)
    if (text === undefined) return await from.pool.read({ wheel, target, recipe, temporary: from.temporary })
    await markUsed(from.host, [recipe.files])
    return JSON.parse(text) as Segment
  })
}

/** Forgets how a wheel is installed that turned out to be no good when its files were read. */
export async function dropRecipe({ files }: Pick<Host, "files">, recipe: RecipePath): Promise<void> {
  await files.remove(recipe.summary)
  await files.remove(recipe.files)
}

/** Its files, read again from the wheel if what was kept of them is gone. */
export function filesOfSegment(
  { wheel, target, recipe }: Recipient,
  from: Omit<From, "known"> & { readonly knownFiles: Map<string, Promise<readonly SegmentFile[]>> },
): Promise<readonly SegmentFile[]> {
  return remembered(from.knownFiles, recipe.files, async () => {
    const kept = await filesAt(from.host, recipe, target)
    if (kept !== undefined) return kept
    await from.pool.read({ wheel, target, recipe, temporary: from.temporary })
    const again = await filesAt(from.host, recipe, target)
    if (again === undefined)
      throw new Failure("temporary", `What ${wheel.filename} has was cleared from the cache while it was needed`, {
        hint: "Run the command again",
      })
    return again
  })
}

async function filesAt(
  host: Pick<Host, "files">,
  recipe: RecipePath,
  target: Target,
): Promise<readonly SegmentFile[] | undefined> {
  const text = await readKept(host, recipe.files)
  return text === undefined ? undefined : segmentFiles(recipeFilesFromText(text), target)
}

/** A pack that is made of a wheel: where it is, and its recipe. */
export type PackPath = { readonly pack: string; readonly recipe: RecipePath }

/** Where a pack is. `inputs` decide its bytes. */
export function packPath(cache: string, inputs: object, target: Target): PackPath {
  const key = keyOf({ inputs, target })
  return { pack: join(segmentsFolder(cache), `${key}.pyc`), recipe: recipeAt(cache, key) }
}

/** What a pack becomes, if all of it is there. */
export async function readPack(
  host: Pick<Host, "files">,
  path: PackPath,
  target: Target,
): Promise<{ readonly segment: Segment; readonly files: readonly SegmentFile[] } | undefined> {
  const text = await readKept(host, path.recipe.summary)
  const files = text === undefined ? undefined : await filesAt(host, path.recipe, target)
  if (text === undefined || files === undefined || (await host.files.stat(path.pack)) === undefined) return undefined
  await markUsed(host, [path.pack])
  return { segment: JSON.parse(text) as Segment, files }
}

/** Keeps the recipe of a pack. */
export async function writeRecipe(host: Pick<Host, "files">, path: RecipePath, recipe: Recipe): Promise<void> {
  for (const [file, text] of recipeTexts(path, recipe)) await host.files.write(file, text, { flush: false })
}

/** What is written where to keep a recipe; the summary last, since who finds it looks for the rest. */
export function recipeTexts(path: RecipePath, { segment, files }: Recipe): readonly (readonly [string, string])[] {
  return [
    [path.files, sealed(path.files, recipeText(files))],
    [path.summary, sealed(path.summary, JSON.stringify(segment))],
  ]
}

/** The key of a layer: the content of its segments, in their order, and the target. */
export function layerKey(parts: readonly LayerPart[], making: LayerTarget): string {
  return keyOf({ ...contentOfTarget(making), parts: parts.map(contentOf) })
}

function contentOfTarget({ target, compression }: LayerTarget): object {
  return { target, compression, version: forms[compression].version }
}

function contentOf({ sha256, filename, url, omit, only }: LayerPart): LayerPart {
  return { sha256, filename, url, omit, only }
}

/** Which blob a layer with this key was, if it was made here before. */
export async function readLayerRecord(
  { host, cache }: Omit<CacheHost, "temporary">,
  key: string,
): Promise<WrittenLayer | undefined> {
  const text = await readKept(host, join(cache, "layers", `${key}.json`))
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
  await writeKept(host, join(cache, "layers", `${key}.json`), JSON.stringify(layer))
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

/** Says that files of the cache are wanted, whether or not they are read: who clears it goes by what was used last. */
export async function markUsed({ files }: Pick<Host, "files">, paths: readonly string[]): Promise<void> {
  // Some may not be there.
  for (const path of paths) await files.touch(path).catch(() => undefined)
}
