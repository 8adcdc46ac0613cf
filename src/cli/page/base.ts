import { KeptRecipe } from "../../evidence/record/recipe.ts"
import { isFailure } from "../../failure.ts"
import { readJsonPart } from "../../oci/artifact.ts"
import { isDigest, type Digest } from "../../oci/digest.ts"
import { layersAt } from "../../oci/layers-at.ts"
import { parseReference } from "../../oci/reference.ts"
import { openRegistry } from "../../oci/store/registry/registry.ts"
import type { Store } from "../../oci/store/store.ts"
import { artifactTypes } from "../../tree/labels.ts"
import type { Context } from "../context.ts"
import type { Inspected } from "../inspect/inspected.ts"

/** What an image is built on, and how many of its layers are from there. */
export type Base = {
  /** Pinned by its digest where that is known. */
  readonly name: string
  /** Undefined where the base cannot be seen. */
  readonly layers: number | undefined
}

/** What an image is built on: as the tree, the image or the evidence beside it says; undefined where none of them does. */
export async function baseOf(context: Context, found: Inspected): Promise<Base | undefined> {
  const recipe = await baseOfRecipe(found)
  // The recipe of an image of a registry names where the base is; a tree only which row it is.
  const name = recipe !== undefined && parseReference(recipe)?.host !== undefined ? recipe : (found.base ?? recipe)
  if (name === undefined) return undefined
  const digest = name.slice(name.indexOf("@") + 1)
  return { name, layers: isDigest(digest) ? await layersOf(context, found, { name, digest }) : undefined }
}

async function baseOfRecipe({ evidence, location }: Inspected): Promise<string | undefined> {
  const descriptor = (await evidence?.manifest())?.layers.find(({ mediaType }) => mediaType === artifactTypes.recipe)
  if (descriptor === undefined) return undefined
  const { from } = await readJsonPart(location.store, location.repository, { descriptor, schema: KeptRecipe })
  return from === null ? undefined : `${from.name}@${from.digest}`
}

/** How many layers the base has, where it can be seen and is below the image: its own are the first of the image's. */
async function layersOf(
  { host, signal }: Context,
  { location, image, tree, name: row }: Inspected,
  base: { readonly name: string; readonly digest: Digest },
): Promise<number | undefined> {
  const parsed = parseReference(base.name)
  const rows = tree?.images ?? []
  const own = rows.find(({ id }) => id === row)
  const parent = rows.find(({ id }) => own?.parent.kind === "image" && own.parent.id === id)
  const before = own === undefined ? "" : location.repository.slice(0, -own.repository.length)
  const places: readonly { readonly store: Store; readonly repository: string }[] = [
    location,
    ...(parent === undefined ? [] : [{ store: location.store, repository: `${before}${parent.repository}` }]),
    ...(parsed?.host === undefined
      ? []
      : [{ store: openRegistry(parsed.host, host, { signal }), repository: parsed.repository }]),
  ]
  for (const { store, repository } of places)
    try {
      const layers = await layersAt({ store, repository, digest: base.digest })
      if (layers === undefined) continue
      const same = layers.every(({ digest }, at) => image.layers[at]?.descriptor.digest === digest)
      return same ? layers.length : undefined
    } catch (error) {
      signal.throwIfAborted()
      // A base that cannot be asked for is only not counted.
      if (!isFailure(error)) throw error
    }
  return undefined
}
