import { readSize, sizeShape } from "../../config/amounts.ts"
import { Failure } from "../../failure.ts"
import { cacheFolder } from "../../files/cache-folder.ts"
import { trimCache } from "../../files/cache-usage.ts"
import type { Host } from "../../host/host.ts"
import { appendLayers, withConfig, withLabels, type Image, type Layer } from "../../oci/image.ts"
import { mediaTypes } from "../../oci/media-types.ts"
import type { Merged } from "../../oci/merged.ts"
import type { BytecodePool } from "../../packages/bytecode/pool.ts"
import { findWheels, type FindHost, type FoundWheel } from "../../packages/index/find-wheels.ts"
import type { SegmentPool } from "../../packages/segment/pool.ts"
import type { Segment, SegmentFile } from "../../packages/segment/recipe.ts"
import { shown } from "../../packages/wheel/refusal.ts"
import { environmentLabel } from "../../tree/labels.ts"
import type { PypiStep } from "../../tree/step.ts"
import type { Job } from "../engine.ts"
import type { FindCompiler } from "./bytecode.ts"
import type { BytecodeMaking } from "./bytecode-items.ts"
import { withEnvironment } from "./config-step.ts"
import { environmentText, type Environment } from "./environment.ts"
import { targetOf } from "./installed.ts"
import { packageLayers } from "./package-layers.ts"
import type { Making } from "./make-layer.ts"
import { untilMended } from "./mended.ts"
import type { ReadParent } from "./parent.ts"
import { parentFacts } from "./parent-facts.ts"
import { filesOf } from "./replaced.ts"
import { selectRequirements } from "./select.ts"
import { environmentOwner, venvLayer } from "./venv-layer.ts"
import { hiddenPaths, whiteoutLayer, without } from "./whiteouts.ts"

export type PypiHost = FindHost & Pick<Host, "files" | "start">

type Context = {
  readonly host: PypiHost
  readonly job: Job
  readonly pool: SegmentPool
  readonly bytecode: BytecodePool
  /** Holds blobs until the image is written. */
  readonly folder: string
  /** Finds the Python that compiles, where the step wants bytecode. */
  readonly findCompiler: FindCompiler
  readonly readParent: ReadParent
  readonly memory: Memory
}

/** What images that are made one after the other, or at the same time, need not find out again. */
export type Memory = {
  readonly wheels: Map<string, Promise<FoundWheel>>
  readonly segments: Map<string, Promise<Segment>>
  readonly files: Map<string, Promise<readonly SegmentFile[]>>
  readonly layers: Making["coming"]
  /** When the cache was last brought below its limit, in milliseconds since 1970. */
  trimmed?: number
}

/**
 * The image with locked packages added to its environment, which is made first where it has none. Layers have
 * their bytes in `context.folder`. Fails with `no` naming the package that cannot be had, does not fit, or clashes.
 */
export async function withPackages(image: Image, step: PypiStep, context: Context): Promise<Image> {
  const { host, job, pool } = context
  const cache = cacheFolder(host)
  const merged = (): Promise<Merged> => context.readParent(image, job.signal)
  const { environment, installed } = await parentFacts(host, image, { name: job.image, merged })
  const { prefix, create } = environment
  const { wanted, replaced } = selectRequirements(step.requirements, {
    prefix,
    platform: job.platform,
    installed: installed.distributions,
    replace: step.replace,
    name: job.image,
  })
  const removed =
    replaced.size === 0
      ? new Set<string>()
      : await filesOf(new Set(replaced.keys()), { merged: await merged(), prefix, installed, name: job.image })
  let isNew = false
  let brought: ReadonlySet<string> = new Set()
  const base = create === undefined ? [] : [layerOf(venvLayer(prefix, create), "environment")]
  const before = base.length + (removed.size === 0 ? 0 : 1)
  const target = { ...targetOf(prefix), ...environmentOwner }
  await using compiling = step.bytecode === "none" ? undefined : await openBytecode(context, environment, { job })
  const attempt = async (): Promise<Layer[]> => {
    const wheels = await findWheels(wanted, host, {
      cache,
      target: { ...prefix, platform: job.platform },
      signal: job.signal,
      onBytes: fetched(job),
      found: context.memory.wheels,
    })
    return packageLayers(wheels, {
      host,
      cache,
      pool,
      target,
      compression: step.compression,
      bytecode: compiling?.making,
      folder: await host.files.makeTemporary("layers-", context.folder),
      budget: { layer: step.budget.layer, layers: Math.max(1, step.budget.layers - before) },
      parent: without(removed, installed),
      signal: job.signal,
      known: context.memory.segments,
      knownFiles: context.memory.files,
      coming: context.memory.layers,
      damaged: () => {
        context.memory.wheels.clear()
        context.memory.segments.clear()
        context.memory.files.clear()
      },
      onMade: async (layer) => {
        isNew = true
        await offer(layer, job)
      },
      onFiles: replaced.size === 0 ? undefined : (paths) => (brought = new Set(paths)),
      note: (text) => job.report({ kind: "note", level: "warning", text: `${job.image}: ${text}` }),
      onLayer: (done, total) =>
        job.report({
          kind: "progress",
          image: job.image,
          platform: job.platform,
          phase: "build",
          done,
          total,
          unit: "items",
        }),
    })
  }
  const limit = cacheLimit(host.env)
  const packages = await untilMended(2 * wanted.length, attempt)
  const { memory } = context
  if (isNew && (memory.trimmed === undefined || host.now().getTime() - memory.trimmed > betweenTrims)) {
    memory.trimmed = host.now().getTime()
    await trimCache(cache, limit, host)
  }
  for (const { name, version } of wanted)
    if (replaced.has(name))
      job.report({
        kind: "note",
        level: "info",
        text: `${job.image}: ${name} ${version} replaces ${name} ${replaced.get(name)} of the parent`,
      })
  const hidden = hiddenPaths(removed, installed, brought)
  const old = [...replaced].map(([name, version]) => `${name} ${version}`).join(", ")
  if (hidden.length > 0)
    base.push(layerOf(whiteoutLayer(hidden, { merged: await merged(), prefix: prefix.path }), `without ${old}`))
  const labelled = withLabels(image, { [environmentLabel]: environmentText(prefix) })
  return withConfig(appendLayers(labelled, [...base, ...packages]), (config) => withEnvironment(config, prefix))
}

/** Puts a layer that was made into the store at once, where somebody wants to know of it. */
async function offer({ descriptor, from }: Layer, { into, onBlob }: Job): Promise<void> {
  if (onBlob === undefined || !("open" in from) || from.file === undefined) return
  if ((await into.store.takeFile?.(into.repository, descriptor, from.file)) === true) onBlob(descriptor)
}

/** Looking through a large cache takes a tenth of a second: not for each of many rows. In milliseconds. */
const betweenTrims = 10_000

/** Bytes that the cache may take: what `NBSTACKS_CACHE_LIMIT` says, such as `50GB`. */
function cacheLimit(env: Host["env"]): number {
  const written = env["NBSTACKS_CACHE_LIMIT"]
  if (written === undefined || written === "") return 20e9
  if (sizeShape.test(written)) return readSize(written)
  throw new Failure("cannot", `NBSTACKS_CACHE_LIMIT is no size: ${shown(written)}`, {
    hint: "Write a size with its unit, such as 50GB",
  })
}

/** What compiles, until it is disposed. */
async function openBytecode(
  { bytecode: pool, findCompiler }: Context,
  environment: Environment,
  { job }: { readonly job: Job },
): Promise<AsyncDisposable & { readonly making: BytecodeMaking }> {
  const { image: name, platform, parent, signal } = job
  if (parent === undefined) throw new Error("bytecode needs a parent")
  const say = (text: string): void => job.report({ kind: "note", level: "info", text: `${name}: ${text}` })
  const compiler = await findCompiler({ environment, name, platform, parent, signal, say })
  const onWheel = (done: number, total: number): void =>
    job.report({ kind: "progress", image: name, platform, phase: "compile", done, total, unit: "items" })
  return {
    making: { compiler, pool, onWheel },
    [Symbol.asyncDispose]: () => compiler[Symbol.asyncDispose](),
  }
}

function layerOf({ layer, bytes }: ReturnType<typeof venvLayer>, what: string): Layer {
  return {
    descriptor: { mediaType: mediaTypes.ociLayerGzip, digest: layer.digest, size: layer.size },
    diffId: layer.diffId,
    history: { created_by: `nbstacks: ${what}` },
    from: {
      async *open() {
        yield bytes
      },
    },
  }
}

/** Counts up and tells, at most once for each mebibyte. */
function fetched(job: Job): (count: number) => void {
  let done = 0
  let told = 0
  return (count) => {
    done += count
    if (done - told < 1024 * 1024) return
    told = done
    job.report({ kind: "progress", image: job.image, platform: job.platform, phase: "fetch", done, unit: "bytes" })
  }
}
