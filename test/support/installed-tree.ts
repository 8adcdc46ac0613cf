import { hash } from "node:crypto"
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"
import { join } from "node:path"
import type { Image } from "../../src/oci/image.ts"
import { layerEntries } from "../../src/oci/layer/open.ts"

/** What is at a path of an environment. */
export type TreeFile = {
  readonly kind: string
  readonly mode: number
  readonly link: string | undefined
  readonly sha256: string
  /** Of files that may differ on purpose only. */
  readonly content: Buffer | undefined
}

/** Files that may differ on purpose; of all others the hash says enough, and two gigabytes need not be held. */
const kept = /^bin\/|^pyvenv\.cfg$|\.dist-info\/(?:RECORD|INSTALLER|direct_url\.json)$/
const small = 1024 * 1024

function treeFile(path: string, bytes: Buffer, more: Pick<TreeFile, "kind" | "mode" | "link">): TreeFile {
  const content = kept.test(path) && bytes.length <= small ? Buffer.from(bytes) : undefined
  return { ...more, sha256: hash("sha256", bytes, "hex"), content }
}

/** Everything below a folder of this machine, by path. */
export function treeOfFolder(folder: string): Map<string, TreeFile> {
  const found = new Map<string, TreeFile>()
  const walk = (path: string): void => {
    for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
      const inner = path === "" ? entry.name : `${path}/${entry.name}`
      const place = join(folder, inner)
      if (entry.isSymbolicLink()) {
        found.set(inner, treeFile(inner, Buffer.alloc(0), { kind: "symlink", mode: 0o777, link: readlinkSync(place) }))
        continue
      }
      const kind = entry.isDirectory() ? "directory" : "file"
      const mode = statSync(place).mode & 0o7777
      found.set(
        inner,
        treeFile(inner, kind === "file" ? readFileSync(place) : Buffer.alloc(0), { kind, mode, link: undefined }),
      )
      if (kind === "directory") walk(inner)
    }
  }
  walk("")
  return found
}

/** Everything in the layers of an image from number `from` on that is below a folder. A path that comes twice is an error. */
export async function treeOfLayers(image: Image, from: number, folder: string): Promise<Map<string, TreeFile>> {
  const found = new Map<string, TreeFile>()
  for (const layer of image.layers.slice(from))
    for await (const { header, content } of layerEntries(layer)) {
      const { kind, mode, link } = header
      const bytes = Buffer.concat(await Array.fromAsync(content))
      if (header.path === folder) continue
      if (!header.path.startsWith(`${folder}/`)) throw new Error(`${header.path} is outside ${folder}`)
      const path = header.path.slice(folder.length + 1)
      if (kind !== "directory" && found.has(path)) throw new Error(`${path} is in two layers`)
      found.set(path, treeFile(path, bytes, { kind, mode, link }))
    }
  return found
}
