import { layersAt } from "../../oci/layers-at.ts"
import type { Digest } from "../../oci/digest.ts"
import { parallel } from "../../parallel.ts"
import { pullOf, readPace, type Pace } from "../../evidence/weight/pull.ts"
import { Failure } from "../../failure.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import { builtRows } from "../layers/find-images.ts"
import { openSession } from "../session.ts"
import { findNamed } from "./find.ts"
import type { InspectOptions } from "./flags.ts"
import { inspected, type Inspected } from "./inspected.ts"
import { pullJson, pullText, type PullRow } from "./pull-view.ts"

/** The network that most nodes have, and what Docker 20.10 unpacked on two cores when layers were measured (`npm run bench -- ready`). */
const usual = { bandwidth: "1Gbit/s", unpacking: "60MB/s" } as const
/** Images that are asked for at once, and rows of the tree that are shown. */
const [width, mostRows] = [8, 12]

/** Says what a node pulls of an image that has nothing, the image's parent, its siblings, or another image. */
export async function inspectPull(
  context: Context,
  options: InspectOptions & { readonly image: string },
): Promise<number> {
  const { io } = context
  const bandwidth = options.bandwidth ?? usual.bandwidth
  const unpacking = options.unpacking ?? usual.unpacking
  const pace: Pace = { network: paceOf(bandwidth), unpacking: paceOf(unpacking) }
  const found = await inspected(context, options.image, options)
  const layers = found.image.layers.map(({ descriptor }, at) => ({
    digest: descriptor.digest,
    size: descriptor.size,
    unpacked: found.inventory.layers[at]?.bytes ?? 0,
  }))
  const others = await parallel(options.having ?? [], width, async (name) => {
    const one = await findNamed(context, name, { ...options, platform: found.image.platform })
    return { having: name, layers: new Set(one.image.layers.map(({ descriptor }) => descriptor.digest)) }
  })
  const rows: readonly PullRow[] = [
    { having: "nothing", pull: pullOf(layers, new Set()) },
    ...[...(await siblings(context, found, options)), ...others].map((one) => ({
      having: one.having,
      pull: pullOf(layers, one.layers),
    })),
  ]
  const view = {
    name: found.name,
    digest: found.location.digest,
    platform: found.image.platform,
    rows,
    pace,
    bandwidth,
    unpacking,
  }
  io.out(options.json === true ? json(pullJson(view)) : pullText(view, io.outColors))
  return 0
}

function paceOf(text: string): number {
  const pace = readPace(text)
  if (pace !== undefined) return pace
  throw new Failure("cannot", `\`${text}\` is no pace`, { hint: "Write it as 1Gbit/s, 200Mbit/s or 50MB/s" })
}

/** The other rows of the tree as they are built: the parent first, then those from which least has to be pulled. */
async function siblings(
  context: Context,
  { name, tree, image, location }: Inspected,
  options: InspectOptions,
): Promise<readonly { readonly having: string; readonly layers: ReadonlySet<Digest> }[]> {
  if (tree === undefined) return []
  await using session = openSession(context, tree)
  const built = await builtRows(context, session, { platform: image.platform, offline: options.offline === true })
  const parent = tree.images.find(({ id }) => id === name)?.parent
  const parentId = parent?.kind === "image" ? parent.id : undefined
  const own = new Map(image.layers.map(({ descriptor }) => [descriptor.digest, descriptor.size]))
  const others = [...built.values()].filter((one) => one.location.digest !== location.digest)
  const all = await parallel(others, width, async (one) => {
    const layers = new Set((await layersAt(one.location))?.map((layer) => layer.digest))
    const shared = [...layers].reduce((sum, digest) => sum + (own.get(digest) ?? 0), 0)
    return { id: one.row.id, layers, shared }
  })
  return all
    .toSorted((a, b) => Number(b.id === parentId) - Number(a.id === parentId) || b.shared - a.shared)
    .slice(0, mostRows)
    .map(({ id, layers }) => ({ having: id === parentId ? `${id} (its parent)` : id, layers }))
}
