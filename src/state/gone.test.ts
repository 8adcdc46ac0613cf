import { expect, test } from "vitest"
import { dockerfile, row, treeOf } from "../../test/support/tree.ts"
import { digestOf, type Digest } from "../oci/digest.ts"
import { keyAt, keysOf, slotOf, type Slot } from "../plan/key.ts"
import type { Built } from "../plan/plan.ts"
import { addGone } from "./gone.ts"

const tree = treeOf(
  row("base", undefined, [dockerfile({ a: "1" })]),
  row("middle", "base", [dockerfile({ a: "2" })]),
  row("top", "middle", [dockerfile({ a: "3" })]),
  row("other", "base", [dockerfile({ a: "4" })]),
)
const keys = keysOf(tree)
const rows = tree.images.map((image) => ({
  image,
  platform: "linux/amd64" as const,
  slot: slotOf(image.id, "linux/amd64"),
}))

type Case = {
  /** Rows whose key nobody has built. */
  readonly unbuilt?: readonly string[]
  readonly unchecked?: readonly string[]
  /** Rows whose images somebody removed. */
  readonly removed?: readonly string[]
}

/** Which rows are looked for, and which are found to be gone. */
async function look({
  unbuilt = [],
  unchecked = [],
  removed = [],
}: Case): Promise<{ asked: string[]; gone: string[] }> {
  const digest = (id: string): Digest => digestOf(id)
  const found = new Map<Slot, Built>(
    rows
      .filter(({ image }) => !unbuilt.includes(image.id))
      .map(({ image, slot }) => [
        slot,
        {
          key: keyAt(keys, image.id, "linux/amd64"),
          digest: digest(image.id),
          parent: null,
          uses: {},
          repository: image.repository,
        },
      ]),
  )
  const gone = new Set<Digest>()
  const asked: string[] = []
  await addGone(rows, {
    found,
    gone,
    isChecked: (_, image) => !unchecked.includes(image.id),
    isThere: async (_, image) => {
      asked.push(image.id)
      return !removed.includes(image.id)
    },
  })
  return { asked, gone: tree.images.map(({ id }) => id).filter((id) => gone.has(digest(id))) }
}

test("with nothing to do nobody is asked, although images are gone", async () => {
  expect(await look({ removed: ["base", "top"] })).toEqual({ asked: [], gone: [] })
})

test("what something is built on is looked for, and what that is on once it is gone", async () => {
  expect(await look({ unbuilt: ["top"] })).toEqual({ asked: ["middle"], gone: [] })
  expect(await look({ unbuilt: ["top"], removed: ["middle"] })).toEqual({ asked: ["middle", "base"], gone: ["middle"] })
  expect(await look({ unbuilt: ["top"], removed: ["middle", "base"] })).toEqual({
    asked: ["middle", "base"],
    gone: ["base", "middle"],
  })
})

test("what is checked again is looked for", async () => {
  expect(await look({ unchecked: ["other"], removed: ["other"] })).toEqual({
    asked: ["other", "base"],
    gone: ["other"],
  })
})
