import { cp } from "node:fs/promises"
import { createHash } from "node:crypto"
import { join } from "node:path"
import { nativeEngine } from "../../src/engines/native/engine.ts"
import type { Host } from "../../src/host/host.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { readImage, type Image } from "../../src/oci/image.ts"
import { layerEntries } from "../../src/oci/layer/open.ts"
import type { Platform } from "../../src/oci/platform.ts"
import { openLayout, type Layout } from "../../src/oci/store/layout/layout.ts"
import { writeImage } from "../../src/oci/write-image.ts"
import { pypiFormat } from "../../src/resolve/row-steps.ts"
import type { Event } from "../../src/report/event.ts"
import type { Requirement, Step } from "../../src/tree/step.ts"
import { imageOf, layerOf, type Member } from "./layers.ts"

/** A store, a cache and an engine in a folder of their own. */
export type NativeBench = AsyncDisposable & {
  readonly folder: string
  readonly host: Host
  readonly store: Layout
  readonly events: readonly Event[]
  /** Puts a parent there. */
  parent(image: Image): Promise<Image>
  /** Executes a step on an image of the store and gives the result. */
  execute(step: Step, on: Image, content?: Readonly<Record<string, Uint8Array>>): Promise<Image>
  /** Of the image that was executed or put last. */
  digestOf(image: Image): string
}

/** Makes a bench. `env` is added to the environment; `workers` is how many threads the engine may have. */
export async function nativeBench(
  options: {
    readonly env?: Readonly<Record<string, string>>
    readonly workers?: number
    readonly change?: Partial<Host>
  } = {},
): Promise<NativeBench> {
  const real = makeHost(process.env)
  const folder = await real.files.makeTemporary("nbstacks-native-")
  const host: Host = {
    ...makeHost({ ...process.env, NBSTACKS_CACHE: join(folder, "cache"), ...options.env }),
    ...options.change,
  }
  const store = openLayout(join(folder, "store"), host)
  const engine = nativeEngine(host, { workers: options.workers ?? 2 })
  const digests = new WeakMap<Image, string>()
  const events: Event[] = []
  const put = async (image: Image): Promise<Image> => {
    const { digest } = await writeImage(image, { store, repository: "parent" })
    digests.set(image, digest)
    return image
  }
  return {
    folder,
    host,
    store,
    events,
    parent: put,
    async execute(step, on, content = {}) {
      const digest = digests.get(on)
      if (digest === undefined) throw new Error("put the parent there first")
      const result = await engine.execute(step, {
        image: "row",
        platform: on.platform,
        parent: { store, repository: "parent", digest: digest as `sha256:${string}` },
        into: { store, repository: "parent" },
        rows: {},
        open: async function* (sha256) {
          const found = Object.values(content).find(
            (bytes) => createHash("sha256").update(bytes).digest("hex") === sha256,
          )
          if (found === undefined) throw new Error(`no content ${sha256}`)
          yield found
        },
        secret: () => Promise.reject(new Error("no secrets here")),
        signal: AbortSignal.timeout(300_000),
        report: (event) => void events.push(event),
      })
      const image = await readImage(store, "parent", result)
      digests.set(image, result)
      return image
    },
    digestOf: (image) => digests.get(image) ?? "",
    [Symbol.asyncDispose]: () => real.files.remove(folder),
  }
}

/** The least that looks like a Debian with a Python of a full version. */
export function debianImage(version = "3.11.2", more: Readonly<Record<string, Member>> = {}): Image {
  const python = version.split(".").slice(0, 2).join(".")
  const stanza = (name: string, of: string): string =>
    `Package: ${name}\nStatus: install ok installed\nVersion: ${of}\n\n`
  return imageOf(
    layerOf({
      "usr/": "",
      "usr/bin/": "",
      bin: { kind: "symlink", link: "usr/bin" },
      [`usr/bin/python${python}`]: { content: "", mode: 0o755 },
      "usr/bin/python3": { kind: "symlink", link: `python${python}` },
      [`usr/lib/python${python}/json/__init__.py`]: "",
      "var/lib/dpkg/status": stanza("libc6", "2.36-9+deb12u9") + stanza(`python${python}`, `${version}-6+deb12u5`),
      ...more,
    }),
  )
}

/** The same image for another platform. */
export function forPlatform(image: Image, platform: Platform): Image {
  return { ...image, platform }
}

export type PlacedFile = {
  readonly kind: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: number
  readonly link: string | undefined
  readonly content: Buffer
}

/** Everything in the layers of an image from number `from` on, by path; a path that comes twice is an error. */
export async function placedFiles(image: Image, from: number): Promise<Map<string, PlacedFile>> {
  const found = new Map<string, PlacedFile>()
  for (const layer of image.layers.slice(from)) {
    const inThisLayer = new Set<string>()
    for await (const { header, content } of layerEntries(layer)) {
      const bytes = Buffer.concat(await Array.fromAsync(content))
      if (inThisLayer.has(header.path)) throw new Error(`${header.path} is twice in a layer`)
      inThisLayer.add(header.path)
      if (header.kind !== "directory" && found.has(header.path)) throw new Error(`${header.path} is in two layers`)
      const { kind, mode, uid, gid, mtime, link } = header
      found.set(header.path, { kind, mode, uid, gid, mtime, link, content: bytes })
    }
  }
  return found
}

/** A `pypi` step with the usual budget. */
export function pypiStep(requirements: readonly Requirement[], layers = 40): Step {
  return {
    kind: "pypi",
    format: pypiFormat,
    requirements,
    bytecode: "none",
    compression: "gzip",
    budget: { layer: 800_000_000, layers },
  }
}

/** Requirements from the text that `uv pip compile --generate-hashes` writes. */
export function requirementsOf(text: string): Requirement[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .flatMap((line) => {
      const match = /^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?(?:==(\S+)| @ (\S+))/.exec(line)
      if (match === null) return []
      const [, , pinned, url] = match
      const version = pinned ?? /\/[^/-]+-([^/-]+)-[^/]+$/.exec(url ?? "")?.[1] ?? ""
      const hashes = [...line.matchAll(/--hash=(sha256:[0-9a-f]{64})/g)].map((hash) => hash[1] ?? "")
      const name = (match[1] ?? "").toLowerCase().replace(/[-_.]+/g, "-")
      return [{ name, version, ...(url === undefined ? {} : { url }), extras: [], hashes: hashes.sort() }]
    })
}

/** uv, from the configured index, kept in the user's cache for the next run. */
export async function uvProgram(host: Host): Promise<string> {
  const kept = join(host.machine.home, ".cache", "nbstacks-tests", "uv")
  if ((await host.files.stat(join(kept, "bin", "uv"))) !== undefined) return join(kept, "bin", "uv")
  const fresh = await host.files.makeTemporary("nbstacks-uv-")
  const { code, stderr } = await host.run({
    argv: ["python3", "-m", "pip", "install", "--quiet", "--target", fresh, "uv"],
  })
  if (code !== 0) throw new Error(stderr)
  await host.files.makeDirectory(join(kept, ".."))
  const beside = await host.files.makeTemporary("uv-", join(kept, ".."))
  await cp(fresh, beside, { recursive: true })
  await host.files.remove(fresh)
  // Another run may have been first: then its copy counts.
  await host.files.rename(beside, kept).catch(() => host.files.remove(beside))
  return join(kept, "bin", "uv")
}
