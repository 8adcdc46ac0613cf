import { boundsOf, type Bound } from "../../evidence/budget/judge.ts"
import type { Descriptor } from "../../oci/descriptor.ts"
import type { Digest } from "../../oci/digest.ts"
import { layersAt } from "../../oci/layers-at.ts"
import type { Platform } from "../../oci/platform.ts"
import type { Location, Store } from "../../oci/store/store.ts"
import type { Recorded } from "../../state/releases.ts"
import type { Image } from "../../tree/tree.ts"
import type { Session } from "../session.ts"

/** What a row weighs on a platform, and every bound that it has. */
export type RowWeight = {
  readonly size: number
  /** Its own layers; undefined where its parent cannot be seen. */
  readonly own: readonly Descriptor[] | undefined
  /** The same in the newest release. */
  readonly before: { readonly release: string; readonly digest: Digest; readonly size: number } | undefined
  readonly bounds: readonly Bound[]
}

/** Weighs rows against their budgets; the newest release is asked for once, when somebody's growth is bounded. */
export function rowWeigher(
  session: Session,
  newest: () => Promise<Recorded | undefined>,
): (row: Image, platform: Platform, location: Location, parent: Digest | null) => Promise<RowWeight> {
  let latest: ReturnType<typeof newest> | undefined
  return async (row, platform, location, parent) => {
    const layers = await layersAt(location)
    if (layers === undefined) throw new Error(`${row.id} is gone`)
    const size = sum(layers)
    const { grow, asked } = row.budget
    const release = grow === undefined ? undefined : (await (latest ??= newest()))?.release
    const released = release?.images.find(({ id }) => id === row.id)?.platforms[platform]
    const own =
      asked?.layer === undefined && asked?.layers === undefined
        ? undefined
        : await ownLayers(session, { row, location, parent, layers })
    const before =
      release === undefined || released === undefined
        ? undefined
        : { release: release.id, digest: released.digest, size: released.size }
    const weighed = { size, own: own?.map((one) => one.size), before: before?.size }
    return { size, own, before, bounds: boundsOf(row.budget, weighed) }
  }
}

type Own = {
  readonly row: Image
  readonly location: Location
  readonly parent: Digest | null
  readonly layers: readonly Descriptor[]
}

/** The layers that are not the parent's. A build leaves its parent beside its result, in the local store at least. */
async function ownLayers(
  { local, target, tree }: Session,
  { row, location, parent, layers }: Own,
): Promise<readonly Descriptor[] | undefined> {
  if (parent === null) return layers
  const above = tree.images.find((one) => row.parent.kind === "image" && one.id === row.parent.id)
  const repositories = [row.repository, ...(above === undefined ? [] : [above.repository])]
  const places: readonly { readonly store: Store; readonly repository: string }[] = [
    location,
    ...[local, target].flatMap(({ store, repositoryOf }) =>
      repositories.map((repository) => ({ store, repository: repositoryOf(repository) })),
    ),
  ]
  for (const place of places) {
    const found = await layersAt({ ...place, digest: parent })
    if (found !== undefined) return layers.slice(found.length)
  }
  return undefined
}

function sum(layers: readonly Descriptor[]): number {
  return layers.reduce((total, { size }) => total + size, 0)
}
