import { z } from "zod"
import { jsonPart, type Part } from "../../oci/artifact.ts"
import { Digests } from "../../oci/descriptor.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Platform } from "../../oci/platform.ts"
import type { Key } from "../../plan/key.ts"
import { artifactTypes } from "../../tree/labels.ts"
import { proxyVariables } from "../../tree/proxies.ts"
import type { Step } from "../../tree/step.ts"
import type { RowId } from "../../tree/tree.ts"

/** How an image was made, with everything that it was made from by digest. */
export type Recipe = {
  readonly version: 1
  readonly row: RowId
  readonly platform: Platform
  readonly key: Key
  /** What it is built on, as people call it and pinned; null for nothing at all. */
  readonly from: { readonly name: string; readonly digest: Digest } | null
  /** Other rows that files were copied from. */
  readonly uses: Readonly<Record<RowId, Digest>>
  /** Files by their hashes, packages by theirs, secrets by their ids. */
  readonly steps: readonly Step[]
}

/** A recipe to be kept beside its image. Arguments that only say which proxy was used are left out: they may hold a login. */
export function recipePart(recipe: Recipe): Part {
  return jsonPart(artifactTypes.recipe, { ...recipe, steps: recipe.steps.map(withoutProxies) }, "recipe.json")
}

function withoutProxies(step: Step): Step {
  if (step.kind !== "dockerfile") return step
  return {
    ...step,
    args: Object.fromEntries(Object.entries(step.args).filter(([name]) => !proxyVariables.includes(name))),
  }
}

/** What readers of a recipe rely on; steps of versions to come may be of other kinds. */
export type KeptRecipe = Pick<Recipe, "version" | "row" | "platform" | "from"> & {
  readonly key: string
  readonly steps: readonly { readonly kind: string }[]
}

export const KeptRecipe: z.ZodType<KeptRecipe> = z.looseObject({
  version: z.literal(1),
  row: z.string(),
  platform: z.string().transform((text) => text as Platform),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  from: z.object({ name: z.string(), digest: Digests }).nullable(),
  steps: z.array(z.looseObject({ kind: z.string() })),
})
