import { join } from "node:path"
import type { FoundWheel } from "../../packages/index/find-wheels.ts"
import type { Layer } from "../../oci/image.ts"
import { parallel } from "../../parallel.ts"
import { bytecodeLayers, planLayers, type PlanBudget, type PlannedLayer } from "../../packages/planner/plan-layers.ts"
import { forms } from "../../packages/segment/forms/all.ts"
import type { Segment, SegmentFile } from "../../packages/segment/recipe.ts"
import {
  filesOfSegment,
  recipePath,
  segmentOf,
  segmentsFolder,
  type RecipePath,
} from "../../packages/segment/segment-cache.ts"
import type { WheelFile } from "../../packages/segment/worker-messages.ts"
import type { Compression } from "../../tree/step.ts"
import { bytecodeItems, type BytecodeMaking } from "./bytecode-items.ts"
import { makeLayer, whole, type Made, type Making } from "./make-layer.ts"
import { findOverlaps, suspectsAmong } from "./overlaps.ts"

export type LayersMaking = Making & {
  readonly budget: PlanBudget
  readonly parent: { readonly files: ReadonlySet<string>; readonly folders: ReadonlySet<string> }
  /** How bytecode is made, where it is wanted. */
  readonly bytecode: BytecodeMaking | undefined
  readonly note: (sentence: string) => void
  /** Told all paths below the prefix that the packages bring, where somebody has to know them. */
  readonly onFiles: ((paths: readonly string[]) => void) | undefined
  /** Called when a layer was not known and had to be made. */
  readonly onMade: (layer: Layer) => Promise<void>
  readonly onLayer: (done: number, total: number) => void
}

/** What can be in a layer: a package, or the bytecode of one. */
export type Item = WheelFile & {
  /** Unique among its kind: the package's normalised name. */
  readonly name: string
  /** For people: `numpy 1.26.4`. */
  readonly title: string
  readonly recipe: RecipePath
  readonly segment: Segment
  /** Its files, where somebody has to look at them. */
  readonly files: readonly SegmentFile[] | undefined
  /** Paths below the prefix that another one brings. */
  readonly omit: readonly string[]
}

/**
 * Wheels → layers of an image, packages before their bytecode. Layers that were made here before are known without
 * being made again; the files of packages are looked at only where they could be in each other's way.
 */
export async function packageLayers(wheels: readonly FoundWheel[], making: LayersMaking): Promise<Layer[]> {
  await making.host.files.makeDirectory(segmentsFolder(making.cache))
  const found = await parallel(wheels, 2 * making.pool.workers, (wheel) => itemOf(wheel, making))
  for (const sentence of found.flatMap(({ segment }) => segment.warnings ?? [])) making.note(sentence)
  const all = await withoutOverlaps(found, making)
  const compiled = making.bytecode === undefined ? [] : await bytecodeItems(all, making.bytecode, making)
  const packages = withoutCompiled(all, compiled)
  making.onFiles?.([...packages, ...compiled].flatMap(({ files }) => pathsOf(files)))
  // Apart from each other, so that the layers of packages do not depend on an interpreter (design, decision 11).
  const share = compiled.length === 0 ? 0 : bytecodeLayers(making.budget.layers)
  const planned = [
    ...plan(packages, { ...making.budget, layers: making.budget.layers - share }),
    ...(share === 0 ? [] : plan(compiled, { ...making.budget, layers: share })),
  ]
  let done = 0
  return parallel(planned, making.pool.workers + 1, async ({ layer, items }, index) => {
    const parts = layer.shares.map(({ name, only }) => {
      const { file, filename, sha256, url, recipe, omit, segment } = items.get(name) as Item
      return { file, filename, sha256, url, recipe, size: segment.size, omit, only }
    })
    const made = await makeLayer(parts, making, join(making.folder, String(index)))
    const contents = layer.shares.map(({ name }) => (items.get(name) as Item).title)
    const described = describe(layer, made, { contents, compression: making.compression })
    if (made.isNew) await making.onMade(described)
    making.onLayer(++done, planned.length)
    return described
  })
}

async function itemOf(wheel: FoundWheel, making: LayersMaking): Promise<Item> {
  const { host, cache, folder: temporary, pool, target, known } = making
  const { name, version, file, filename, sha256, url } = wheel
  const recipe = recipePath(cache, wheel, target)
  const segment = await whole(making, () =>
    segmentOf({ wheel: { file, filename, sha256, url }, target, recipe }, { host, cache, temporary, pool, known }),
  )
  const title = `${name} ${version}`
  return { name, title, file, filename, sha256, url, recipe, segment, files: undefined, omit: [] }
}

async function withFiles(item: Item, making: LayersMaking): Promise<Item> {
  const { host, cache, folder: temporary, pool, target, knownFiles } = making
  const from = { host, cache, temporary, pool, knownFiles }
  return item.files === undefined
    ? { ...item, files: await whole(making, () => filesOfSegment({ wheel: item, target, recipe: item.recipe }, from)) }
    : item
}

/** The packages, each without what another brings; with their files, where those have to be looked at. */
async function withoutOverlaps(found: readonly Item[], making: LayersMaking): Promise<readonly Item[]> {
  const { parent, target, budget } = making
  const everything = making.onFiles !== undefined || making.bytecode !== undefined
  const suspects = everything ? undefined : suspectsAmong(found, { parent, target })
  const read = await parallel(found, 8, async (item) =>
    suspects === undefined || suspects.has(item.name) || item.segment.size > budget.layer / 2
      ? await withFiles(item, making)
      : item,
  )
  const overlaps = findOverlaps(
    read.map(({ name, files, segment }) => ({
      name,
      paths: files === undefined ? (segment.elsewhere ?? []) : pathsOf(files),
    })),
    parent,
  )
  for (const sentence of overlaps.notes) making.note(sentence)
  return await parallel(read, 8, async (item) => {
    const omit = overlaps.omit.get(item.name) ?? []
    return omit.length === 0 ? item : { ...(await withFiles(item, making)), omit }
  })
}

function pathsOf(files: readonly SegmentFile[] | undefined): readonly string[] {
  return (files ?? []).map(({ path }) => path)
}

/** What a wheel brings of compiled files gives way to ours, as with pip: they would not be valid for our times. */
function withoutCompiled(packages: readonly Item[], compiled: readonly Item[]): readonly Item[] {
  if (compiled.length === 0) return packages
  const made = new Set(
    compiled.flatMap(({ files, omit }) => {
      const left = new Set(omit)
      return pathsOf(files).filter((path) => !left.has(path))
    }),
  )
  return packages.map((item) => {
    const own = pathsOf(item.files).filter((path) => path.endsWith(".pyc") && made.has(path))
    return own.length === 0 ? item : { ...item, omit: [...item.omit, ...own] }
  })
}

type Planned = { readonly layer: PlannedLayer; readonly items: ReadonlyMap<string, Item> }

function plan(items: readonly Item[], budget: PlanBudget): Planned[] {
  const packages = items.map(({ name, segment, files, omit }) => {
    // Of what fits into any layer only the size counts.
    if (files === undefined) return { name, files: [{ path: "", size: segment.size, metadata: false }] }
    const left = new Set(omit)
    return {
      name,
      files: files
        .filter(({ path }) => !left.has(path))
        .map(({ path, size }) => ({ path, size, metadata: path.startsWith(`${segment.distInfo}/`) })),
    }
  })
  const byName = new Map(items.map((item) => [item.name, item]))
  return planLayers(packages, budget).map((layer) => ({ layer, items: byName }))
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
