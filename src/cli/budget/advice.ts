import { leftBehind } from "../../evidence/weight/left-behind.ts"
import { weigh } from "../../evidence/weight/hidden.ts"
import type { Bound } from "../../evidence/budget/judge.ts"
import { readImage, type Image } from "../../oci/image.ts"
import { lackedLayers, layersAt } from "../../oci/layers-at.ts"
import type { Location } from "../../oci/store/store.ts"
import { bytes, count } from "../../report/format.ts"
import type { Context } from "../context.ts"
import { savings, type Saving } from "../inspect/savings.ts"
import { cut, madeBy } from "../inspect/view.ts"
import { headersOf } from "../inspect/weighed.ts"
import type { RowWeight } from "./weigh-row.ts"

/** Lines of advice of each kind. */
const most = 3

/** What makes an image that is over its budget so large, and what would make it smaller. */
export type Advice = {
  /** The largest of the layers in question, with what made each. */
  readonly largest: readonly { readonly layer: number; readonly size: number; readonly by: string }[]
  /** Layers that the image of the newest release has not, in bytes. */
  readonly added: number | undefined
  readonly savings: readonly Saving[]
}

/** Looks into an image that is over its budget: its layers are read for that. */
export async function adviceFor(context: Context, location: Location, weight: RowWeight): Promise<Advice> {
  const image = await readImage(location.store, location.repository, location.digest)
  const { root, hidden } = weigh(await headersOf(context, image))
  const added = weight.before === undefined ? undefined : await addedBytes(location, image, weight.before.digest)
  return {
    largest: image.layers
      .map(({ descriptor, history }, at) => ({ layer: at + 1, size: descriptor.size, by: madeBy(history.created_by) }))
      .toSorted((a, b) => b.size - a.size)
      .slice(0, most),
    added,
    savings: savings({ hidden, left: leftBehind(root) }).slice(0, most),
  }
}

/** Bytes that the image of the newest release has not; undefined where that cannot be seen. */
async function addedBytes(
  { store, repository }: Location,
  { layers }: Image,
  digest: Location["digest"],
): Promise<number | undefined> {
  const before = await layersAt({ store, repository, digest })
  if (before === undefined) return undefined
  const had = new Set(before.map((layer) => layer.digest))
  const own = layers.map(({ descriptor }) => descriptor)
  return lackedLayers(own, had).reduce((sum, { size }) => sum + size, 0)
}

/** A bound in words: `9.4 GB of 9.0 GB`. */
export function boundText({ kind, is, may }: Bound): string {
  if (kind === "image") return `${bytes(is)} of ${bytes(may)} in all`
  if (kind === "layer") return `a layer of ${bytes(is)}, where ${bytes(may)} are allowed`
  if (kind === "layers") return `${count(is, "layer")} of its own, where ${may} are allowed`
  return `${share(is)} larger than in the newest release, where ${share(may)} are allowed`
}

/** The same in a table: `1.2 MB of 9.0 GB`, `+3 % of 5 %`. */
export function shortBound({ kind, is, may }: Bound): string {
  if (kind === "image") return `${bytes(is)} of ${bytes(may)}`
  if (kind === "layer") return `layer ${bytes(is)} of ${bytes(may)}`
  if (kind === "layers") return `${is} of ${count(may, "layer")}`
  return `${is < 0 ? "" : "+"}${share(is)} of ${share(may)}`
}

function share(value: number): string {
  return `${Math.round(value * 1000) / 10} %`
}

/** Advice as lines. */
export function adviceLines({ largest, added, savings: saved }: Advice): readonly string[] {
  return [
    "The largest layers:",
    ...largest.map(({ layer, size, by }) => `  ${bytes(size).padStart(8)}  layer ${layer}: ${cut(by, 55)}`),
    ...(added === undefined ? [] : [`${bytes(added)} of its layers are not in the newest release's image.`]),
    ...(saved.length === 0
      ? ["Nothing is hidden or left behind in it: fewer or smaller packages are what would help."]
      : ["Could be saved, unpacked:"]),
    ...saved.flatMap(({ size, what, instead }) => [`  ${bytes(size).padStart(8)}  ${what}`, `            ${instead}`]),
  ]
}
