import { join } from "node:path"
import { Failure } from "../../failure.ts"
import { cacheFolder } from "../../files/cache-folder.ts"
import type { Digest } from "../../oci/digest.ts"
import { appendLayers, readImage, requireLayerCount, withConfig, type Image } from "../../oci/image.ts"
import { mediaTypes } from "../../oci/media-types.ts"
import { writeImage } from "../../oci/write-image.ts"
import { bytecodePool, type BytecodePool } from "../../packages/bytecode/pool.ts"
import { startPool, workerCount, type SegmentPool } from "../../packages/segment/pool.ts"
import { machineOf } from "../../packages/tags/supported.ts"
import type { FilesStep, Step } from "../../tree/step.ts"
import type { Engine, Job } from "../engine.ts"
import { makeWorkFolder } from "../work-folder.ts"
import { compilerFinder, type FindCompiler, type StartImage } from "./bytecode.ts"
import { configured } from "./config-step.ts"
import { writeFilesLayer } from "./files-step.ts"
import { untilMended } from "./mended.ts"
import { withPackages, type Memory, type PypiHost } from "./pypi-step.ts"
import { lastParent, type ReadParent } from "./parent.ts"
import { shared, type Shared } from "./shared-pool.ts"

export type NativeHost = PypiHost

export type NativeOptions = {
  /** Limits its threads; as many as cores and memory allow unless given. */
  readonly workers?: number
  /** How the image's own Python is started, where bytecode is wanted that none of this machine writes. */
  readonly start?: StartImage
}

/**
 * Executes `pypi`, `files` and `config` steps in this process, for any platform, without running anything of the
 * image, but for its Python where bytecode needs that one. The same step on the same parent gives the same digest on
 * every machine; with bytecode, on every machine with the same build of Python.
 */
export function nativeEngine(host: NativeHost, options: NativeOptions = {}): Engine {
  const threads = shared(() => startPool(options.workers ?? workerCount(host.machine)))
  const compiling = shared(() => bytecodePool(host, host.machine.cores))
  const findCompiler = compilerFinder(host, options.start)
  const readParent = lastParent(host)
  const memory: Memory = { wheels: new Map(), segments: new Map(), files: new Map(), layers: new Map() }
  return {
    name: "native",
    exchange: "in-process",
    can: (step, platform) => Promise.resolve(canExecute(step, platform)),
    async execute(step, job) {
      const { parent } = job
      if (parent === undefined) throw new Error(`a ${step.kind} step needs a parent`)
      const image = await readImage(parent.store, parent.repository, parent.digest)
      if (image.platform !== job.platform) {
        throw new Failure("no", `The parent of \`${job.image}\` is for ${image.platform}, not for ${job.platform}`, {
          hint: `Write \`platforms: [${image.platform}]\` for \`${job.image}\`, or build on an image for ${job.platform}`,
        })
      }
      const temporary = join(cacheFolder(host), "temporary")
      await host.files.makeDirectory(temporary)
      const folder = await makeWorkFolder("native", host, temporary)
      try {
        return await write(image, step, { host, job, folder, threads, compiling, findCompiler, readParent, memory })
      } catch (error) {
        throw clearedMeanwhile(error, cacheFolder(host)) ?? error
      } finally {
        await host.files.remove(folder)
      }
    },
  }
}

/** Somebody removed a file of the cache between two looks at it, which is no bug of anybody. */
function clearedMeanwhile(error: unknown, cache: string): Failure | undefined {
  const { code, path } = error as { readonly code?: unknown; readonly path?: unknown }
  if (code !== "ENOENT" || typeof path !== "string" || !path.startsWith(`${cache}/`)) return undefined
  return new Failure("temporary", `${path} was cleared from the cache while it was needed`, {
    hint: "Run the command again",
    cause: error,
  })
}

function canExecute(step: Step, platform: string): true | { no: string; hint: string } {
  if (step.kind === "files" || step.kind === "config") return true
  if (step.kind !== "pypi") {
    return { no: `The native engine executes nothing, so no \`${step.kind}\``, hint: "Another engine has to do this" }
  }
  if (machineOf(platform) !== undefined) return true
  return { no: `There are no wheels for ${platform}`, hint: "Leave this platform out: `platforms: [linux/amd64]`" }
}

type Context = {
  readonly host: NativeHost
  readonly job: Job
  readonly folder: string
  readonly threads: Shared<SegmentPool>
  readonly compiling: Shared<BytecodePool>
  readonly findCompiler: FindCompiler
  readonly readParent: ReadParent
  readonly memory: Memory
}

async function write(image: Image, step: Step, context: Context): Promise<Digest> {
  const { job, host, folder, threads, compiling, findCompiler, readParent, memory } = context
  const put = async (result: Image): Promise<Digest> => {
    requireLayerCount(result, job.image)
    const { digest } = await writeImage(result, { ...job.into, signal: job.signal })
    return digest
  }
  // The threads have to live until the image is written: some layers are made only then.
  if (step.kind === "pypi") {
    return threads.use((pool) =>
      compiling.use(async (bytecode) =>
        // Of layers that are known, some are made only now that the store asks for them.
        untilMended(2 * step.requirements.length, async () =>
          put(await withPackages(image, step, { host, job, pool, bytecode, folder, findCompiler, readParent, memory })),
        ),
      ),
    )
  }
  if (step.kind === "files") return put(await withFiles(image, step, context))
  if (step.kind === "config") return put(withConfig(image, (config) => configured(config, step, job.image)))
  throw new Error(`the native engine was given a ${step.kind}`)
}

async function withFiles(image: Image, step: FilesStep, { host, job, folder, readParent }: Context): Promise<Image> {
  if (step.entries.length === 0) return image
  const merged = await readParent(image, job.signal)
  const output = join(folder, "files")
  const { open, signal, image: name } = job
  const layer = await writeFilesLayer(step, output, { merged, open, files: host.files, signal, name })
  const names =
    step.entries.length === 1 ? `/${step.entries[0]?.path.replace(/^\//, "")}` : `${step.entries.length} files`
  return appendLayers(image, [
    {
      descriptor: { mediaType: mediaTypes.ociLayerGzip, digest: layer.digest, size: layer.size },
      diffId: layer.diffId,
      history: { created_by: `nbstacks: ${names}` },
      from: { open: () => host.files.stream(output), file: () => Promise.resolve(output) },
    },
  ])
}
