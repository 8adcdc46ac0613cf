import { isAbsolute } from "node:path"
import type { Done } from "../build/outcome.ts"
import { passedChecks, readChecks } from "../evidence/attach.ts"
import type { LayerFacts } from "../evidence/inventory/layer-facts.ts"
import { composeParts } from "../evidence/record/compose.ts"
import { readFacts, type KnownFacts } from "../evidence/record/facts-part.ts"
import type { Origin } from "../evidence/record/provenance.ts"
import type { Recipe } from "../evidence/record/recipe.ts"
import { evidenceBeside } from "../evidence/record/read.ts"
import type { SbomFormat } from "../evidence/sbom/formats.ts"
import type { Trusted } from "../evidence/sign/trust.ts"
import type { ImageSigner } from "../evidence/sign/sign.ts"
import { readPart, type Part } from "../oci/artifact.ts"
import type { Digest } from "../oci/digest.ts"
import { readImage, type Image as OciImage } from "../oci/image.ts"
import type { Location } from "../oci/store/store.ts"
import { parallel } from "../parallel.ts"
import { checkKeyOf } from "../plan/check-key.ts"
import { slotOf, type Keyed, type Slot } from "../plan/key.ts"
import type { Place } from "../state/place.ts"
import { artifactTypes } from "../tree/labels.ts"
import type { Image, RowId, Tree } from "../tree/tree.ts"

/** How what is published is described and signed. */
export type Evidencing = {
  readonly sboms: readonly SbomFormat[]
  /** Of nbstacks. */
  readonly version: string
  readonly signer: ImageSigner | undefined
  /** Those whose signatures count as the tree says it, and this run's own key. */
  readonly believed: readonly Trusted[]
  /** Make the evidence of every row anew, also of those that did not change. */
  readonly renew: boolean
  /** Reads what the layers of an image say, those that `known` does not know. */
  readonly facts: (
    image: OciImage,
    known: (layer: Digest) => Promise<LayerFacts | undefined>,
  ) => Promise<readonly LayerFacts[]>
}

/** What one run knows of where rows are and came from. */
export type Grounds = Evidencing & {
  readonly target: Place
  readonly tree: Pick<Tree, "images">
  readonly keys: ReadonlyMap<Slot, Keyed>
  readonly origin: Origin
  /** What the evidence of parents says of their layers, by the parent's digest: asked once for all children. */
  readonly parents: Map<Digest, Promise<KnownFacts>>
}

/**
 * The parts of a row's evidence, made from the image where it is: nothing of it is sent or fetched that this machine has. What the
 * layers of its parent say is taken from the parent's evidence.
 */
export async function establish(grounds: Grounds, image: Image, done: Done): Promise<readonly Part[]> {
  const { store } = done.place
  const from: Location = { store, repository: done.place.repositoryOf(image.repository), digest: done.digest }
  const key = checkKeyOf(done.digest, image.checks)
  const check = done.checks ?? (await readChecks(from, key))
  if (check === undefined) throw new Error(`${image.id} has no evidence under ${key}`)
  const built = await readImage(store, from.repository, done.digest)
  return await composeParts({
    digest: done.digest,
    name: nameIn(grounds.target, image.repository),
    image: built,
    facts: await grounds.facts(built, parentFacts(grounds, image, done)),
    recipe: recipeOf(grounds, image, done),
    check,
    origin: grounds.origin,
    sboms: grounds.sboms,
    version: grounds.version,
  })
}

/** A repository as a registry's clients call it; of a folder only the repository, since its path is nobody's business. */
function nameIn({ store, repositoryOf }: Place, repository: string): string {
  return isAbsolute(store.name) ? repository : `${store.name}/${repositoryOf(repository)}`
}

function recipeOf({ target, tree, keys }: Grounds, { id, parent }: Image, done: Done): Recipe {
  const keyed = keys.get(slotOf(done.image, done.platform))
  if (keyed === undefined) throw new Error(`no key for ${id}`)
  const { parent: digest, uses } = done.bases
  const rowName = (row: RowId): string => {
    const { repository } = tree.images.find((one) => one.id === row) ?? { repository: row }
    return nameIn(target, repository)
  }
  const name = parent.kind === "none" ? "" : parent.kind === "image" ? rowName(parent.id) : parent.reference
  return {
    version: 1,
    row: id,
    platform: done.platform,
    key: done.key,
    from: digest === null ? null : { name, digest },
    uses,
    steps: keyed.input.steps,
  }
}

/** What the layers of a row's parent say, from the evidence that the parent has where releases are; asked when it is needed. */
function parentFacts(
  { target, tree, parents, believed }: Grounds,
  { parent }: Image,
  { bases }: Done,
): (layer: Digest) => Promise<LayerFacts | undefined> {
  const row = parent.kind === "image" ? tree.images.find(({ id }) => id === parent.id) : undefined
  const digest = bases.parent
  if (row === undefined || digest === null) return () => Promise.resolve(undefined)
  const at = { store: target.store, repository: target.repositoryOf(row.repository), digest }
  return async (layer) => {
    const asked = parents.get(digest) ?? factsBeside(at, believed)
    parents.set(digest, asked)
    return (await asked).get(layer)
  }
}

/** What the evidence of an image that counts says of its layers; nothing where there is none. */
async function factsBeside(image: Location, believed: readonly Trusted[]): Promise<KnownFacts> {
  const { store, repository } = image
  const artifact = await (await evidenceBeside(image, believed)).manifest()
  const part = artifact?.layers.find(({ mediaType }) => mediaType === artifactTypes.layerFacts)
  return part === undefined ? new Map() : await readFacts(await readPart(store, repository, part))
}

/**
 * The rows whose images passed, but of which the report is gone, or was signed by nobody who is believed: they have to be checked again.
 * What this machine keeps is its own.
 */
export async function rowsWithoutReport(
  { believed }: Pick<Grounds, "believed">,
  rows: readonly { readonly image: Image; readonly done: Done }[],
): Promise<ReadonlySet<RowId>> {
  const lost = await parallel(rows, atOnce, async ({ image, done }) => {
    if (done.checks !== undefined) return []
    const { store } = done.place
    const at: Location = { store, repository: done.place.repositoryOf(image.repository), digest: done.digest }
    const key = checkKeyOf(done.digest, image.checks)
    if (done.place.kind === "local" || believed.length === 0) return (await passedChecks(at)).has(key) ? [] : [image.id]
    return (await evidenceBeside(at, believed, key)).digest === undefined ? [image.id] : []
  })
  return new Set(lost.flat())
}

const atOnce = 8
