import { Failure, isFailure } from "../../failure.ts"
import type { Digest } from "../../oci/digest.ts"
import { readImage, type Image as OciImage } from "../../oci/image.ts"
import { layersAt } from "../../oci/layers-at.ts"
import type { Platform } from "../../oci/platform.ts"
import type { Location } from "../../oci/store/store.ts"
import { parallel } from "../../parallel.ts"
import { locationIn } from "../../build/builder.ts"
import type { Image, RowId } from "../../tree/tree.ts"
import { externalImage } from "../builder.ts"
import type { Context } from "../context.ts"
import { think, type Session } from "../session.ts"

/** Where the rows of a tree are built on a platform; a row that is not is absent. */
export type BuiltRows = ReadonlyMap<RowId, { readonly row: Image; readonly location: Location }>

const atOnce = 16

/** Asks the stores which rows are built as the files say. `offline`: the local store alone. */
export async function builtRows(
  context: Context,
  session: Session,
  { platform, offline }: { readonly platform: Platform; readonly offline: boolean },
): Promise<BuiltRows> {
  const places = offline ? [session.local] : session.places
  const { plan, knowledge } = await think(context, session, { offline: false, verify: false, places })
  const rows = new Map(session.tree.images.map((row) => [row.id, row]))
  return new Map(
    plan.reuse.flatMap((reused) => {
      const row = rows.get(reused.image)
      const place = knowledge.places.get(reused.digest)
      if (row === undefined || place === undefined || reused.platform !== platform) return []
      return [[row.id, { row, location: locationIn(place, row, reused.digest) }] as const]
    }),
  )
}

/** Which rows have a layer, by its digest. */
export async function rowsByLayer(built: BuiltRows): Promise<ReadonlyMap<Digest, readonly RowId[]>> {
  const rows = new Map<Digest, RowId[]>()
  await parallel([...built.values()], atOnce, async ({ row, location }) => {
    for (const digest of new Set((await layersAt(location))?.map((layer) => layer.digest)))
      rows.set(digest, [...(rows.get(digest) ?? []), row.id])
  })
  return new Map([...rows].map(([digest, ids]) => [digest, ids.sort()]))
}

export type Lookup = {
  readonly context: Context
  readonly session: Session
  readonly built: BuiltRows
  readonly platform: Platform
  /** Whether registries of others may not be asked. */
  readonly offline: boolean
}

/** How many of an image's layers are its parent's; undefined when its parent is nowhere to be seen. */
export async function parentLayers(
  { row, location }: { readonly row: Image; readonly location: Location },
  { context, session, built, platform, offline }: Lookup,
): Promise<number | undefined> {
  const { parent } = row
  if (parent.kind === "none") return 0
  if (parent.kind === "image") {
    const found = built.get(parent.id)
    return found === undefined ? undefined : (await layersAt(found.location))?.length
  }
  // A build leaves its external parent beside its result, in the local store at least.
  const digest = parent.locked[platform]
  if (digest === undefined) return undefined
  const local = { store: session.local.store, repository: session.local.repositoryOf(row.repository), digest }
  for (const place of [local, { ...location, digest }]) {
    const layers = await layersAt(place)
    if (layers !== undefined) return layers.length
  }
  if (offline) return undefined
  try {
    return (await layersAt(externalImage(context, parent.reference, digest)))?.length
  } catch (error) {
    // Whose a layer is, is not worth a failure: it is shown as not known.
    context.signal.throwIfAborted()
    if (isFailure(error)) return undefined
    throw error
  }
}

/** A built row's image. */
export async function imageOf({ store, repository, digest }: Location): Promise<OciImage> {
  return await readImage(store, repository, digest)
}

/** Says that a row is not built, and which command builds it. */
export function notBuilt(id: RowId): Failure {
  return new Failure("no", `\`${id}\` is not built as its files say`, { hint: `Run \`nbstacks build --only ${id}\`` })
}
