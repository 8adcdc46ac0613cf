import { environmentSaid, findEnvironment } from "../../engines/native/environment.ts"
import { installedIn } from "../../engines/native/installed.ts"
import { linuxEnvironment, markerHolds } from "../../environment/markers.ts"
import { layerCache } from "../../files/cache-folder.ts"
import { readMerged } from "../../oci/merged.ts"
import type { Wanted } from "../../packages/index/find-wheels.ts"
import { machineOf, type TagTarget } from "../../packages/tags/supported.ts"
import { normalName } from "../../packages/wheel/filename.ts"
import type { Prefix, Requirement } from "../../tree/step.ts"
import type { Image } from "../../tree/tree.ts"
import { readContents } from "./contents.ts"
import { imageOf, notBuilt, parentLayers, type Lookup } from "./find-images.ts"

/** What a row's environment is, for choosing wheels. */
export type RowTarget = {
  readonly tags: TagTarget
  /** Layers that the environment itself takes. */
  readonly madeLayers: number
  /** Of a lock, the wheels that this row would add to its parent, sorted by name. */
  readonly wanted: (requirements: readonly Requirement[]) => readonly Wanted[]
}

/**
 * The environment that a row's packages go into, from its image or, where it is not built, from its parent's. Fails with
 * `no` where neither is built: nothing is made to find out.
 */
export async function targetOf(row: Image, lookup: Lookup): Promise<RowTarget> {
  const { platform, built } = lookup
  const own = built.get(row.id)
  const { prefix, makes, inParent } = own === undefined ? await fromParent(row, lookup) : await fromRow(own, lookup)
  const environment = linuxEnvironment(prefix.python, machineOf(platform) ?? "")
  return {
    tags: { python: prefix.python, platform, glibc: prefix.glibc },
    madeLayers: makes ? 1 : 0,
    wanted: (requirements) => {
      const chosen = new Map<string, Wanted>()
      for (const { name: written, version, url, hashes, marker } of requirements) {
        const name = normalName(written)
        if (!inParent.has(name) && markerHolds(marker, environment))
          chosen.set(name, { name, version, ...(url === undefined ? {} : { url }), hashes })
      }
      return [...chosen.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    },
  }
}

type Found = { readonly prefix: Prefix; readonly makes: boolean; readonly inParent: ReadonlySet<string> }

/** What the row's lock names and its own layers lack was in the parent already. */
async function fromRow(own: Parameters<typeof parentLayers>[0], lookup: Lookup): Promise<Found> {
  const { platform } = lookup
  const image = await imageOf(own.location)
  const prefix = environmentSaid(image)
  if (prefix === undefined) throw notBuilt(own.row.id)
  const parents = (await parentLayers(own, lookup)) ?? 0
  const layers = image.layers.slice(parents).map(({ history }) => readContents(history.created_by))
  const added = new Set(layers.flatMap(({ packages }) => packages.map((one) => one.split(" ")[0] ?? "")))
  const environment = linuxEnvironment(prefix.python, machineOf(platform) ?? "")
  const locked = (own.row.steps[platform] ?? []).flatMap((step) => (step.kind === "pypi" ? step.requirements : []))
  const wanted = locked.filter(({ marker }) => markerHolds(marker, environment)).map(({ name }) => normalName(name))
  return {
    prefix,
    makes: layers.some(({ title, packages }) => packages.length === 0 && title === "environment"),
    inParent: new Set(wanted.filter((name) => !added.has(name))),
  }
}

async function fromParent(row: Image, { context: { host, signal }, built }: Lookup): Promise<Found> {
  const parent = row.parent.kind === "image" ? built.get(row.parent.id) : undefined
  if (parent === undefined) throw notBuilt(row.id)
  const image = await imageOf(parent.location)
  const merged = await readMerged(image, { cache: layerCache(host, "headers"), signal })
  const { prefix, create } = await findEnvironment(image, merged, row.id)
  const { distributions } = installedIn(merged, prefix)
  return { prefix, makes: create !== undefined, inParent: new Set(distributions.keys()) }
}
