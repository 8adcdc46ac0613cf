import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import { parallel } from "../parallel.ts"
import { slotOf, type Slot } from "../plan/key.ts"
import { basesOf } from "../plan/select.ts"
import type { Built } from "../plan/plan.ts"
import type { Image } from "../tree/tree.ts"

type Row = { readonly image: Image; readonly platform: Platform; readonly slot: Slot }

export type Looking = {
  /** The builds that are known, by slot. */
  readonly found: ReadonlyMap<Slot, Built>
  /** Digests whose images are known to be gone. More are added. */
  readonly gone: Set<Digest>
  readonly isChecked: (built: Built, image: Image) => boolean
  readonly isThere: (built: Built, image: Image) => Promise<boolean>
}

const atOnce = 16

/**
 * Looks for the images that a plan will need: those that something is to be built on, and those that are to be checked
 * again. What somebody removed from the registry is built again then, and so are what is on it and, if need be, what it
 * is on. Nothing is asked when there is nothing to do.
 *
 * @param rows parents before children
 */
export async function addGone(rows: readonly Row[], { found, gone, isChecked, isThere }: Looking): Promise<void> {
  const asked = new Set<Slot>()
  for (;;) {
    const needed = neededRows(rows, { found, gone, isChecked }).filter(({ slot }) => !asked.has(slot))
    if (needed.length === 0) return
    await parallel(needed, atOnce, async ({ image, slot }) => {
      asked.add(slot)
      const built = found.get(slot)
      if (built !== undefined && !(await isThere(built, image))) gone.add(built.digest)
    })
  }
}

/** Rows that are known to be built and whose bytes are needed. */
function neededRows(
  rows: readonly Row[],
  { found, gone, isChecked }: Pick<Looking, "found" | "gone" | "isChecked">,
): readonly Row[] {
  const toBuild = new Set<Slot>()
  for (const { image, platform, slot } of rows) {
    const built = found.get(slot)
    const isMoved = basesOf(image).some((id) => toBuild.has(slotOf(id, platform)))
    if (built === undefined || gone.has(built.digest) || isMoved) toBuild.add(slot)
  }
  const bases = new Set(
    rows
      .filter(({ slot }) => toBuild.has(slot))
      .flatMap(({ image, platform }) => basesOf(image).map((id) => slotOf(id, platform))),
  )
  return rows.filter(({ image, slot }) => {
    const built = found.get(slot)
    return built !== undefined && !toBuild.has(slot) && (bases.has(slot) || !isChecked(built, image))
  })
}
