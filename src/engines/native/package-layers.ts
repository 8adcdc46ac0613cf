import { join } from "node:path"
import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Layer } from "../../oci/image.ts"
import { parallel } from "../../parallel.ts"
import { planLayers, type Package, type PlannedLayer } from "../../packages/planner/plan-layers.ts"
import { forms } from "../../packages/segment/forms/all.ts"
import { DamagedWheel, type SegmentPool } from "../../packages/segment/pool.ts"
import type { Segment } from "../../packages/segment/recipe.ts"
import {
  dropLayerRecord,
  layerKey,
  readLayerRecord,
  recipePath,
  segmentOf,
  segmentPath,
  segmentsFolder,
  writeLayerRecord,
  type LayerPart,
} from "../../packages/segment/segment-cache.ts"
import type { WrittenLayer } from "../../packages/segment/sink.ts"
import type { WheelFile } from "../../packages/segment/worker-messages.ts"
import type { Target } from "../../packages/wheel/target.ts"
import type { FoundWheel } from "../../packages/index/find-wheels.ts"
import type { Compression, LayerBudget } from "../../tree/step.ts"
import { findOverlaps } from "./overlaps.ts"

export type LayerMaking = {
  readonly host: Pick<Host, "files">
  readonly cache: string
  readonly pool: SegmentPool
  readonly target: Target
  readonly compression: Compression
  /** An existing folder, on the cache's file system, for blobs until the image is written. */
  readonly folder: string
  readonly budget: LayerBudget
  readonly parent: { readonly files: ReadonlySet<string>; readonly folders: ReadonlySet<string> }
  readonly signal: AbortSignal
  /** Called when a cached wheel was found damaged and removed; the error that follows goes away when all is tried again. */
  readonly damaged: () => void
  readonly note: (sentence: string) => void
  /** Told all paths below the prefix that the packages bring. */
  readonly onFiles: (paths: readonly string[]) => void
  readonly onLayer: (done: number, total: number) => void
}

type Named = FoundWheel & { readonly segment: Segment }

/** Wheels → layers of an image. Layers that were made here before are known without being made again. */
export async function packageLayers(wheels: readonly FoundWheel[], making: LayerMaking): Promise<Layer[]> {
  const { host, cache, folder: temporary, pool } = making
  await host.files.makeDirectory(segmentsFolder(cache))
  const named = await parallel(wheels, 2 * pool.workers, async (wheel): Promise<Named> => {
    making.signal.throwIfAborted()
    const { file, filename, sha256 } = wheel
    const segment = await whole(making, () =>
      segmentOf({ file, filename, sha256 }, making.target, { host, cache, temporary, pool }),
    )
    return { ...wheel, segment }
  })
  const byName = new Map(named.map((wheel) => [wheel.name, wheel]))
  const overlaps = findOverlaps(
    named.map(({ name, segment }) => ({ name, files: segment.files })),
    making.parent,
  )
  for (const sentence of overlaps.notes) making.note(sentence)
  making.onFiles(named.flatMap(({ segment }) => segment.files.map(({ path }) => path)))
  const planned = planLayers(
    named.map((wheel) => packageOf(wheel, overlaps.omit.get(wheel.name) ?? [])),
    making.budget,
  )
  let done = 0
  return parallel(planned, making.pool.workers + 1, async (layer, index) => {
    const shares = layer.shares.map((share) => ({ share, wheel: byName.get(share.name) as Named }))
    const parts = shares.map(({ share, wheel }) => ({
      file: wheel.file,
      filename: wheel.filename,
      sha256: wheel.sha256,
      omit: overlaps.omit.get(wheel.name) ?? [],
      only: share.only,
    }))
    const made = await makeLayer(parts, { making, output: join(making.folder, String(index)) })
    making.onLayer(++done, planned.length)
    const contents = shares.map(({ wheel }) => `${wheel.name} ${wheel.version}`)
    return describe(layer, made, { contents, compression: making.compression })
  })
}

function packageOf({ name, segment }: Named, omit: readonly string[]): Package {
  const left = new Set(omit)
  const files = segment.files
    .filter(({ path }) => !left.has(path))
    .map(({ path, size }) => ({ path, size, metadata: path.startsWith(`${segment.distInfo}/`) }))
  return { name, files }
}

type Parts = readonly (LayerPart & WheelFile)[]
type Made = WrittenLayer & {
  readonly open: () => AsyncIterable<Uint8Array>
  readonly file: () => Promise<string>
}

/** A layer's digests, and its bytes: made now, or known and made only if somebody needs them. */
async function makeLayer(parts: Parts, { making, output }: { making: LayerMaking; output: string }): Promise<Made> {
  const key = layerKey(parts, making)
  const { cache, target, compression, pool, signal, folder: temporary } = making
  const segments = parts.map((part) => ({
    ...part,
    recipe: recipePath(cache, part, target),
    kept: segmentPath(cache, part, making),
  }))
  const build = (diffId?: Digest): Promise<WrittenLayer> =>
    whole(making, () => pool.join({ layer: { target, compression, segments, diffId }, output, temporary }, signal))
  const known = await readLayerRecord(making, key)
  if (known === undefined) {
    const written = await build()
    await writeLayerRecord(making, key, written)
    return { ...written, open: () => making.host.files.stream(output), file: () => Promise.resolve(output) }
  }
  let again: Promise<WrittenLayer> | undefined
  const file = async (): Promise<string> => {
    const written = await (again ??= build(known.diffId))
    if (written.digest !== known.digest) {
      await dropLayerRecord(making, key)
      throw new Failure("temporary", "The cache had a wrong record of a layer, which has been removed", {
        hint: "Run the command again",
      })
    }
    return output
  }
  const open = async function* (): AsyncIterable<Uint8Array> {
    yield* making.host.files.stream(await file())
  }
  return { ...known, open, file }
}

/** Fails for a wheel that is not what is locked, by damage or by malice, and removes it: it is fetched again then. */
async function whole<T>(making: LayerMaking, work: () => Promise<T>): Promise<T> {
  making.signal.throwIfAborted()
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof DamagedWheel)) throw error
    await making.host.files.remove(error.wheel.file)
    making.damaged()
    throw new Failure("temporary", `${error.wheel.filename} was damaged in the cache, and has been removed`, {
      hint: "Run the command again",
    })
  }
}

function describe(
  layer: PlannedLayer,
  made: Made,
  { contents, compression }: { readonly contents: readonly string[]; readonly compression: Compression },
): Layer {
  // The title of a part of a package says which.
  const part = /\(part \d+\)$/.exec(layer.title)?.[0]
  return {
    descriptor: {
      mediaType: forms[compression].mediaType,
      digest: made.digest,
      size: made.size,
      ...(made.annotations === undefined ? {} : { annotations: made.annotations }),
    },
    diffId: made.diffId,
    history: { created_by: `nbstacks: ${contents.join(", ")}${part === undefined ? "" : ` ${part}`}` },
    from: { open: made.open, file: made.file },
  }
}
