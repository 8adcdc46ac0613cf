import { join } from "node:path"
import { Failure, isFailure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import type { Layer } from "../../oci/image.ts"
import { mediaTypes } from "../../oci/media-types.ts"
import { parallel } from "../../parallel.ts"
import { planLayers, type Package, type PlannedLayer } from "../../packages/planner/plan-layers.ts"
import type { WrittenLayer } from "../../packages/segment/layer-writer.ts"
import type { SegmentPool } from "../../packages/segment/pool.ts"
import {
  dropLayerRecord,
  dropSegment,
  layerKey,
  readLayerRecord,
  segmentOf,
  writeLayerRecord,
  type LayerPart,
} from "../../packages/segment/segment-cache.ts"
import type { Segment } from "../../packages/segment/summary.ts"
import type { Target } from "../../packages/wheel/target.ts"
import type { FoundWheel } from "../../packages/index/find-wheels.ts"
import type { LayerBudget } from "../../tree/step.ts"
import { findOverlaps } from "./overlaps.ts"

export type LayerMaking = {
  readonly host: Pick<Host, "files">
  readonly cache: string
  readonly pool: SegmentPool
  readonly target: Target
  /** An existing folder for blobs until the image is written. */
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
  const named = await parallel(wheels, 2 * making.pool.workers, async (wheel): Promise<Named> => {
    making.signal.throwIfAborted()
    const segment = await segmentOf(wheel, making.target, { ...making, verify: () => verify([wheel], making) })
    return { ...wheel, segment }
  })
  const byName = new Map(named.map((wheel) => [wheel.name, wheel]))
  const overlaps = findOverlaps(
    named.map(({ name, segment }) => ({ name, files: segment.files })),
    making.parent,
  )
  for (const sentence of named.flatMap(({ segment }) => segment.warnings ?? [])) making.note(sentence)
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
    return describe(
      layer,
      made,
      shares.map(({ wheel }) => `${wheel.name} ${wheel.version}`),
    )
  })
}

function packageOf({ name, segment }: Named, omit: readonly string[]): Package {
  const left = new Set(omit)
  const files = segment.files
    .filter(({ path }) => !left.has(path))
    .map(({ path, size }) => ({ path, size, metadata: path.startsWith(`${segment.distInfo}/`) }))
  return { name, files }
}

type Parts = readonly (LayerPart & { readonly file: string })[]
type Made = WrittenLayer & {
  readonly open: () => AsyncIterable<Uint8Array>
  readonly file: () => Promise<string>
}

/** A layer's digests, and its bytes: made now, or known and made only if somebody needs them. */
async function makeLayer(parts: Parts, { making, output }: { making: LayerMaking; output: string }): Promise<Made> {
  const key = layerKey(parts, making.target)
  const build = async (): Promise<WrittenLayer> => {
    await verify(parts, making)
    try {
      return await making.pool.join({ target: making.target, segments: parts }, output, making.signal)
    } catch (error) {
      if (isFailure(error)) for (const part of parts) await dropSegment(part, making.target, making)
      throw error
    }
  }
  const known = await readLayerRecord(making, key)
  if (known === undefined) {
    const written = await build()
    await writeLayerRecord(making, key, written)
    return { ...written, open: () => making.host.files.stream(output), file: () => Promise.resolve(output) }
  }
  let again: Promise<WrittenLayer> | undefined
  const file = async (): Promise<string> => {
    const written = await (again ??= build())
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
async function verify(
  wheels: readonly { readonly file: string; readonly filename: string; readonly sha256: string }[],
  making: LayerMaking,
): Promise<void> {
  for (const { file, filename, sha256 } of wheels) {
    making.signal.throwIfAborted()
    if ((await making.pool.hash(file)) === `sha256:${sha256}`) continue
    making.pool.forget(file)
    await making.host.files.remove(file)
    making.damaged()
    throw new Failure("temporary", `${filename} was damaged in the cache, and has been removed`, {
      hint: "Run the command again",
    })
  }
}

function describe(layer: PlannedLayer, made: Made, contents: readonly string[]): Layer {
  // The title of a part of a package says which.
  const part = /\(part \d+\)$/.exec(layer.title)?.[0]
  return {
    descriptor: { mediaType: mediaTypes.ociLayerGzip, digest: made.digest, size: made.size },
    diffId: made.diffId,
    history: { created_by: `nbstacks: ${contents.join(", ")}${part === undefined ? "" : ` ${part}`}` },
    from: { open: made.open, file: made.file },
  }
}
