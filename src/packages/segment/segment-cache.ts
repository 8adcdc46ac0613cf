import { createHash } from "node:crypto"
import { join } from "node:path"
import { z } from "zod"
import type { Host } from "../../host/host.ts"
import { canonicalJson } from "../../oci/canonical-json.ts"
import { Digests } from "../../oci/descriptor.ts"
import type { Target } from "../wheel/target.ts"
import type { WrittenLayer } from "./layer-writer.ts"
import type { SegmentPool } from "./pool.ts"
import { segmentFormat, type Segment } from "./summary.ts"

/** A wheel on this machine. */
export type CachedWheel = { readonly file: string; readonly filename: string; readonly sha256: string }

/** One package of a layer, by content. */
export type LayerPart = Pick<CachedWheel, "sha256" | "filename"> & {
  readonly omit: readonly string[]
  readonly only?: readonly string[] | undefined
}

type CacheHost = { readonly host: Pick<Host, "files">; readonly cache: string }

const Segment: z.ZodType<Segment> = z.object({
  name: z.string(),
  version: z.string(),
  distInfo: z.string(),
  files: z.array(z.object({ path: z.string(), size: z.number() })),
  warnings: z.array(z.string()).optional(),
})
const WrittenLayer: z.ZodType<WrittenLayer> = z.object({ digest: Digests, size: z.int().positive(), diffId: Digests })

/**
 * What a wheel becomes: from the cache, by the content of the wheel and the target, else read, once `verify` found it
 * to be what is locked, and kept there.
 */
export async function segmentOf(
  wheel: CachedWheel,
  target: Target,
  from: CacheHost & { readonly pool: SegmentPool; readonly verify: () => Promise<void> },
): Promise<Segment> {
  const path = segmentPath(from.cache, wheel, target)
  const known = await readRecord(from.host, path, Segment)
  if (known !== undefined) return known
  await from.verify()
  const segment = await from.pool.summarise(wheel, target)
  await writeRecord(from.host, path, segment)
  return segment
}

/** Forgets a wheel that turned out to be no good when its files were read. */
export async function dropSegment(wheel: Omit<CachedWheel, "file">, target: Target, from: CacheHost): Promise<void> {
  await from.host.files.remove(segmentPath(from.cache, wheel, target))
}

function segmentPath(cache: string, { sha256, filename }: Omit<CachedWheel, "file">, target: Target): string {
  return join(cache, "segments", `${keyOf({ sha256, filename, target })}.json`)
}

/** The key of a layer: the content of its segments, in their order, and the target. */
export function layerKey(parts: readonly LayerPart[], target: Target): string {
  return keyOf({ target, parts: parts.map(({ sha256, filename, omit, only }) => ({ sha256, filename, omit, only })) })
}

/** Which blob a layer with this key was, if it was made here before. */
export async function readLayerRecord({ host, cache }: CacheHost, key: string): Promise<WrittenLayer | undefined> {
  return readRecord(host, join(cache, "layers", `${key}.json`), WrittenLayer)
}

/** Notes which blob a layer is, so that it need not be made to be known. */
export async function writeLayerRecord({ host, cache }: CacheHost, key: string, layer: WrittenLayer): Promise<void> {
  await writeRecord(host, join(cache, "layers", `${key}.json`), layer)
}

/** Forgets a layer whose record turned out wrong. */
export async function dropLayerRecord({ host, cache }: CacheHost, key: string): Promise<void> {
  await host.files.remove(join(cache, "layers", `${key}.json`))
}

function keyOf(value: object): string {
  return createHash("sha256")
    .update(canonicalJson({ format: segmentFormat, ...value }))
    .digest("hex")
}

/** A line with the SHA-256 of the rest, then JSON. What does not match its hash counts as not there. */
async function readRecord<T>(host: Pick<Host, "files">, path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await host.files.readText(path).catch(() => "")
  const newline = text.indexOf("\n")
  const body = text.slice(newline + 1)
  if (newline === -1 || text.slice(0, newline) !== hashOf(body)) return undefined
  const parsed = schema.safeParse(JSON.parse(body))
  return parsed.success ? parsed.data : undefined
}

async function writeRecord(host: Pick<Host, "files">, path: string, value: object): Promise<void> {
  const body = JSON.stringify(value)
  // What a power cut leaves of it does not match its hash.
  await host.files.write(path, `${hashOf(body)}\n${body}`, { flush: false })
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}
