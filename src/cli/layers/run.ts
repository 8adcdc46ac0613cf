import { Failure } from "../../failure.ts"
import type { Image as OciImage } from "../../oci/image.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import { loadTree } from "../load-tree.ts"
import { rowHere } from "../one-row.ts"
import { openSession } from "../session.ts"
import { readContents } from "./contents.ts"
import { builtRows, imageOf, notBuilt, parentLayers, rowsByLayer } from "./find-images.ts"
import type { LayersOptions } from "./flags.ts"
import { lockHistory } from "./history.ts"
import { historyJson, historyText } from "./history-view.ts"
import { layersJson, layersText, type ShownLayer } from "./view.ts"

/** Shows what is in which layer of a row, or replays the history of its lock. */
export async function layers(context: Context, options: LayersOptions & { readonly row: string }): Promise<number> {
  const { io } = context
  refuseUnused(options)
  const { tree, row, platform } = rowHere(context, await loadTree(context, options), options.row, options.platform)
  const { id } = row
  await using session = openSession(context, tree)
  const offline = options.offline === true
  const built = await builtRows(context, session, { platform, offline })
  const lookup = { context, session, built, platform, offline }
  if (options.history === true) {
    const history = await lockHistory(lookup, { row, options })
    io.out(options.json === true ? json(historyJson(history)) : historyText(history, io.outColors))
    return 0
  }
  const found = built.get(id)
  if (found === undefined) throw notBuilt(id)
  const [image, shared, parents] = await Promise.all([
    imageOf(found.location),
    rowsByLayer(built),
    parentLayers(found, lookup),
  ])
  const view = {
    row: id,
    parent:
      row.parent.kind === "image" ? row.parent.id : row.parent.kind === "external" ? row.parent.reference : undefined,
    platform,
    digest: found.location.digest,
    layers: shownLayers(image, parents).map((layer) => ({
      ...layer,
      sharedBy: (shared.get(layer.digest) ?? []).filter((other) => other !== id),
    })),
  }
  io.out(options.json === true ? json(layersJson(view)) : layersText(view, io, { all: options.all === true }))
  return 0
}

/** What one of the two views has no use for would be ignored. */
function refuseUnused({ history, releases, all }: LayersOptions): void {
  if (releases !== undefined && history !== true)
    throw new Failure("cannot", "`--releases` is of the history of the lock", { hint: "Add `--history`" })
  if (all === true && history === true)
    throw new Failure("cannot", "`--all` is of the layers as they are built, not of the history of the lock", {
      hint: "Leave out `--all`, or `--history`",
    })
}

function shownLayers(image: OciImage, parents: number | undefined): readonly Omit<ShownLayer, "sharedBy">[] {
  return image.layers.map(({ descriptor, history }, at) => ({
    digest: descriptor.digest,
    size: descriptor.size,
    of: parents === undefined ? undefined : at < parents ? "parent" : "own",
    ...readContents(history.created_by),
  }))
}
