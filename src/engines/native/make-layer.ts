import { isFailure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import type { Digest } from "../../oci/digest.ts"
import { DamagedWheel, type SegmentPool } from "../../packages/segment/pool.ts"
import {
  dropLayerRecord,
  dropRecipe,
  layerKey,
  markUsed,
  readLayerRecord,
  segmentPath,
  writeLayerRecord,
  type LayerPart,
  type RecipePath,
} from "../../packages/segment/segment-cache.ts"
import type { Segment, SegmentFile } from "../../packages/segment/recipe.ts"
import type { WrittenLayer } from "../../packages/segment/sink.ts"
import type { WheelFile } from "../../packages/segment/worker-messages.ts"
import type { Target } from "../../packages/wheel/target.ts"
import type { Compression } from "../../tree/step.ts"
import { CacheMended } from "./mended.ts"

/** What making the layers of one image needs. */
export type Making = {
  readonly host: Pick<Host, "files">
  readonly cache: string
  readonly pool: SegmentPool
  readonly target: Target
  readonly compression: Compression
  /** An existing folder, on the cache's file system, for blobs until the image is written. */
  readonly folder: string
  readonly signal: AbortSignal
  /** Segments that were asked for before, for images that are made at the same time. */
  readonly known: Map<string, Promise<Segment>>
  /** Layers that are being made, or were made a moment ago, by their key, and where. */
  readonly coming: Map<string, { readonly made: Promise<unknown>; readonly output: string }>
  readonly knownFiles: Map<string, Promise<readonly SegmentFile[]>>
  /** Called when a cached file was found damaged and removed; the error that follows goes away when all is tried again. */
  readonly damaged: () => void
}

/** One segment of a layer: the file that it is made from, and where its recipe is. */
export type Part = LayerPart &
  WheelFile & {
    readonly recipe: RecipePath
    /** The most that the package takes, compressed, in bytes. */
    readonly size: number
  }

/** A layer, and its bytes: made by now, or known and made only when somebody asks for them. */
export type Made = WrittenLayer & {
  /** It was not known, and had to be made. */
  readonly isNew: boolean
  readonly open: () => AsyncIterable<Uint8Array>
  readonly file: () => Promise<string>
}

/** A layer's digests, and its bytes: made now, into `output`, or known and made only if somebody needs them. */
export async function makeLayer(parts: readonly Part[], making: Making, output: string): Promise<Made> {
  const key = layerKey(parts, making)
  const { cache, target, compression, pool, signal, folder: temporary } = making
  const segments = parts.map((part) => ({
    ...part,
    recipe: part.recipe.files,
    kept: isKept(part, making) ? segmentPath(cache, part, making) : undefined,
  }))
  const build = async (diffId?: Digest): Promise<WrittenLayer> => {
    try {
      return await whole(making, () =>
        pool.join({ layer: { target, compression, segments, diffId }, output, temporary }, signal),
      )
    } catch (error) {
      // A wheel may be refused when its files are read: then nothing of it is kept.
      if (isFailure(error)) for (const { recipe } of parts) await dropRecipe(making.host, recipe)
      throw error
    }
  }
  // Another image that is made at the same time may be making it: then its bytes are that one's, and there soon.
  const other = making.coming.get(key)
  await other?.made.catch(() => undefined)
  const known = await readLayerRecord(making, key)
  if (known === undefined) {
    const made = build().then(async (written) => {
      await writeLayerRecord(making, key, written)
      return written
    })
    making.coming.set(key, { made, output })
    try {
      const written = await made
      return {
        ...written,
        isNew: true,
        open: () => making.host.files.stream(output),
        file: () => Promise.resolve(output),
      }
    } catch (error) {
      making.coming.delete(key)
      throw error
    }
  }
  await markUsed(
    making.host,
    segments.flatMap(({ kept }) => kept ?? []),
  )
  let again: Promise<WrittenLayer> | undefined
  const once = async (): Promise<WrittenLayer> => {
    try {
      if (other !== undefined) {
        await making.host.files.link(other.output, output)
        return known
      }
    } catch {
      // It is in a store by now, or was given up.
    }
    return await build(known.diffId)
  }
  const file = async (): Promise<string> => {
    const written = await (again ??= once())
    if (written.digest !== known.digest) {
      await dropLayerRecord(making, key)
      throw new CacheMended("A record of a layer was wrong in the cache, and has been removed")
    }
    return output
  }
  const open = async function* (): AsyncIterable<Uint8Array> {
    yield* making.host.files.stream(await file())
  }
  return { ...known, isNew: false, open, file }
}

/**
 * A segment is worth keeping where making it costs more than copying a wheel's bytes: where it is compressed anew, or
 * shares a layer, whose diffID needs its archive each time.
 */
function isKept({ file, size }: Part, { compression }: Making): boolean {
  return compression !== "gzip" || !file.endsWith(".whl") || size < keptBelow
}

/** Packages from here on have a layer of their own mostly. */
const keptBelow = 1024 * 1024

/** Fails for a file that is not what it should be, by damage or by malice, and removes it: it is had anew then. */
export async function whole<T>(
  making: Pick<Making, "host" | "signal" | "damaged">,
  work: () => Promise<T>,
): Promise<T> {
  making.signal.throwIfAborted()
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof DamagedWheel)) throw error
    const { file, filename } = error.wheel
    const isGone = (await making.host.files.stat(file)) === undefined
    await making.host.files.remove(file)
    making.damaged()
    const what = isGone ? "cleared from the cache while it was needed" : "damaged in the cache, and has been removed"
    throw new CacheMended(`${filename} was ${what}`)
  }
}
