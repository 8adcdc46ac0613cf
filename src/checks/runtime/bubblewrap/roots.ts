import { join } from "node:path"
import { cacheFolder } from "../../../files/cache-folder.ts"
import { digestOf, partsOf } from "../../../oci/digest.ts"
import type { Image } from "../../../oci/image.ts"
import { unpackImage } from "../../../oci/unpack.ts"
import type { RunnableImage } from "../../image.ts"
import type { RuntimeHost } from "../runtime.ts"
import { removeAbandoned, removeTree } from "./scratch.ts"

/** Roots that nothing used for so long are removed when another one is unpacked, in milliseconds. */
const unused = 30 * 24 * 3_600_000
type RootsHost = Pick<RuntimeHost, "files" | "run" | "machine" | "random" | "now">

/** Where roots and scratch folders are: below the user's cache folder, closed to others, since roots hold setuid programs. */
export async function rootsFolder(host: Pick<RuntimeHost, "files" | "env" | "machine">): Promise<string> {
  const base = join(cacheFolder(host), `roots-${host.machine.uid}`)
  await host.files.makeDirectory(join(base, "runs"))
  await host.files.makeDirectory(join(base, "images"))
  await host.files.setMode(base, 0o700)
  return base
}

/** The unpacked files of an image, relative to `base`; unpacked once, whoever asks. */
export async function prepareRoot(
  host: RootsHost,
  image: RunnableImage,
  { base, signal }: { readonly base: string; readonly signal: AbortSignal },
): Promise<string> {
  const root = `images/${nameOf(image.image)}`
  const path = join(base, root)
  await removeAbandoned(host, base)
  if ((await host.files.stat(path)) === undefined) {
    await removeUnused(host, base)
    await unpackImage(image.image, path, host, { signal })
  }
  await host.files.touch(path)
  return root
}

/** By the layers alone: images that differ in their configuration share their files. */
function nameOf({ layers }: Image): string {
  return partsOf(digestOf(layers.map(({ diffId }) => diffId).join("\n"))).hex
}

async function removeUnused(host: RootsHost, base: string): Promise<void> {
  const images = join(base, "images")
  for (const { name } of (await host.files.list(images)) ?? []) {
    const stat = await host.files.stat(join(images, name))
    if (stat === undefined || host.now().getTime() - Number(stat.mtime / 1_000_000n) < unused) continue
    const aside = join(base, "runs", `${host.machine.pid}-${host.random(6)}`)
    await host.files.rename(join(images, name), aside)
    await removeTree(host, aside)
  }
}
