import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"
import { copyManifest } from "../../src/oci/copy.ts"
import { readImage, type Image } from "../../src/oci/image.ts"
import { openLayout } from "../../src/oci/store/layout/layout.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { debianBase } from "./debian.ts"
import { exampleRequirement } from "./examples.ts"
import { must } from "./readers.ts"
import { startRegistry, type RunningRegistry } from "./registry.ts"
import { openSandbox, type Sandbox } from "./sandbox.ts"

export const compressions = ["gzip", "zstd", "estargz", "single-member"] as const
export type Compression = (typeof compressions)[number]

/** NumPy and a file on one Debian base, once in each compression, in a registry. */
export type Compressed = AsyncDisposable & {
  readonly registry: RunningRegistry
  /** With the tree. Its row `child` is a Dockerfile on zstd, which was not built. */
  readonly sandbox: Sandbox
  /** For what tests write; gone with the rest. */
  readonly folder: string
  readonly imageOf: (compression: Compression) => { readonly image: Image; readonly reference: string }
  /** An image in a layout, as skopeo copies it: `FOLDER:TAG`. */
  readonly layoutOf: (compression: Compression) => Promise<string>
}

export async function buildCompressed(host: Host, dockerHost: string): Promise<Compressed> {
  const registry = await startRegistry(host)
  const folder = await host.files.makeTemporary("nbstacks-forms-")
  const made = await debianBase(host, openLayout(join(folder, "store"), host))
  const store = openRegistry(registry.address, host, {})
  await copyManifest(made, { store, repository: "debian" })
  await store.tag("debian", "1", made.digest)
  const sandbox = await openSandbox(host, { DOCKER_HOST: dockerHost })
  const from = `${registry.address}/debian:1`
  await sandbox.write({
    "nbstacks.yaml": `version: 1\ndefaults: {checks: {profile: none}}\nimages:\n${compressions
      .map(
        (compression) =>
          `  ${compression}: {from: "${from}", environment: environment, compression: ${compression}, files: [{from: note.txt, to: /srv/}]}\n`,
      )
      .join("")}  child: {from: zstd, dockerfile: Dockerfile}\n`,
    "environment/requirements.txt": await exampleRequirement(host, "quickstart/images/science", "numpy"),
    // More than one piece of our encoder.
    "note.txt": "a line of a long note\n".repeat(100_000),
    Dockerfile: "FROM zstd\nRUN true\n",
  })
  const lock = await sandbox.nbstacks("lock")
  if (lock.code !== 0) throw new Error(lock.stderr)
  const flags = ["--json", "--to", registry.address, "--except", "child"]
  const { code, stdout, stderr } = await sandbox.nbstacks("build", ...flags)
  if (code !== 0) throw new Error(stderr)
  const { images } = JSON.parse(stdout) as { images: { image: Compression; digest: string; reference: string }[] }
  const built = new Map<Compression, { readonly image: Image; readonly reference: string }>()
  for (const { image, digest, reference } of images)
    built.set(image, { image: await readImage(store, image, digest), reference })
  const imageOf: Compressed["imageOf"] = (compression) => {
    const found = built.get(compression)
    if (found === undefined) throw new Error(`${compression} was not built`)
    return found
  }
  const layouts = new Map<Compression, Promise<string>>()
  const copied = async (compression: Compression): Promise<string> => {
    const layout = `${folder}/layouts:${compression}`
    const source = `docker://${imageOf(compression).reference}`
    await must(host, "skopeo", "copy", "--quiet", "--src-tls-verify=false", source, `oci:${layout}`)
    return layout
  }
  return {
    registry,
    sandbox,
    folder,
    imageOf,
    layoutOf(compression) {
      const layout = layouts.get(compression) ?? copied(compression)
      layouts.set(compression, layout)
      return layout
    },
    async [Symbol.asyncDispose]() {
      await sandbox[Symbol.asyncDispose]()
      await registry[Symbol.asyncDispose]()
      await host.files.remove(folder)
    },
  }
}
