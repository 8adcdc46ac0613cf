import { join } from "node:path"
import { leftBehind } from "../../evidence/weight/left-behind.ts"
import { weigh } from "../../evidence/weight/hidden.ts"
import { Failure } from "../../failure.ts"
import { cacheFolder } from "../../files/cache-folder.ts"
import { readHeaders } from "../../oci/merged/headers.ts"
import { findNode, walkTree } from "../../oci/merged/tree.ts"
import { parallel } from "../../parallel.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import { filesJson, filesText, layersJson, layersText, type LayersWeight } from "./files-view.ts"
import { findNamed } from "./find.ts"
import type { InspectOptions } from "./flags.ts"
import { reading } from "./progress.ts"

/** Layers that are read at once. */
const width = 4

/** Answers what needs the list of all files: what layers hide and leave behind, or what is below a path. */
export async function inspectFiles(
  context: Context,
  options: InspectOptions & { readonly image: string },
): Promise<number> {
  const { host, io, signal } = context
  const named = await findNamed(context, options.image, options)
  const cache = { files: host.files, folder: join(cacheFolder(host), "headers") }
  using progress = reading(context, named.image)
  const headers = await parallel(named.image.layers, width, async (layer) => {
    signal.throwIfAborted()
    const found = await readHeaders(layer, cache)
    progress.onLayer(layer)
    return found
  })
  progress[Symbol.dispose]()
  const { root, hidden } = weigh(headers)
  if (options.files === undefined) {
    const unpacked = headers.map((layer) => layer.reduce((sum, { size }) => sum + size, 0))
    const weight: LayersWeight = { ...named, unpacked, hidden, left: leftBehind(root) }
    io.out(options.json === true ? json(layersJson(weight)) : layersText(weight, io))
    return 0
  }
  const node = findNode(root, options.files, { followLast: true })
  if (node === undefined)
    throw new Failure("no", `There is no ${options.files} in ${named.name}`, {
      hint: "Paths are as a container sees them, such as /opt/env/lib",
    })
  const files = [...walkTree(node)].filter(({ kind }) => kind === "file").sort((a, b) => b.size - a.size)
  io.out(options.json === true ? json(filesJson(files)) : filesText(files))
  return 0
}
