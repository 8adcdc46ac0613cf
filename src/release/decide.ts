import { isDone, type Done, type Outcome } from "../build/outcome.ts"
import { slotOf, type Slot } from "../plan/key.ts"
import { basesOf } from "../plan/select.ts"
import type { Release, ReleasedImage } from "../state/release.ts"
import type { Image, RowId, Tree } from "../tree/tree.ts"

/** What becomes of a row in the next release. */
export type Fate =
  | { readonly kind: "released"; readonly image: Image; readonly platforms: readonly Done[] }
  /** Its previous image is kept. */
  | { readonly kind: "carried"; readonly image: Image; readonly previous: ReleasedImage }
  /** It has none. */
  | { readonly kind: "absent"; readonly image: Image }

export type Decision = {
  readonly fates: readonly Fate[]
  /** Rows that failed or were stopped, in the order of the tree. */
  readonly failing: readonly RowId[]
  /** Rows for whose sake nothing is released at all. */
  readonly blocking: readonly RowId[]
}

/**
 * What a release would hold, from how every row came out. A row that failed blocks all, unless it is published
 * `alone`: then it keeps the image of the release before. Rows of the tree that were not asked for keep theirs.
 *
 * @param outcomes of the rows that were asked for, by slot
 */
export function decide(tree: Tree, outcomes: ReadonlyMap<Slot, Outcome>, previous: Release | undefined): Decision {
  const fates: Fate[] = []
  const failing: RowId[] = []
  for (const image of tree.images) {
    const slots = image.platforms.map((platform) => outcomes.get(slotOf(image.id, platform)))
    const asked = slots.some((outcome) => outcome !== undefined)
    const done = slots.filter((outcome) => outcome !== undefined).filter(isDone)
    const before = previous?.images.find(({ id }) => id === image.id)
    if (asked && done.length < image.platforms.length) failing.push(image.id)
    if (done.length === image.platforms.length) fates.push({ kind: "released", image, platforms: done })
    else if (before === undefined) fates.push({ kind: "absent", image })
    else fates.push({ kind: "carried", image, previous: before })
  }
  const blocking = failing.filter((id) => blocks(tree, id))
  return { fates, failing, blocking }
}

/** A row blocks unless it is `alone`; one that is `never` blocks only if something that is `together` is built on it. */
function blocks(tree: Tree, id: RowId): boolean {
  const image = tree.images.find((one) => one.id === id)
  if (image?.publish !== "never") return image?.publish === "together"
  return tree.images.some((child) => basesOf(child).includes(id) && blocks(tree, child.id))
}
