import { compareImages } from "../../evidence/compare/compare.ts"
import { Failure } from "../../failure.ts"
import type { Context } from "../context.ts"
import { inspected } from "../inspect/inspected.ts"
import { json } from "../json.ts"
import type { DiffOptions } from "./flags.ts"
import { diffMarkdown, diffText } from "./view.ts"

/** Shows how one image differs from another. */
export async function diff(
  context: Context,
  options: DiffOptions & { readonly from: string; readonly to: string },
): Promise<number> {
  const { io } = context
  if (options.json === true && options.markdown === true)
    throw new Failure("cannot", "`--json` and `--markdown` exclude each other", { hint: "Leave one out" })
  const from = await inspected(context, options.from, options)
  const to = await inspected(context, options.to, { ...options, platform: from.image.platform })
  const comparison = compareImages(
    { image: from.image, items: from.inventory.items },
    { image: to.image, items: to.inventory.items },
  )
  const view = { from: from.name, to: to.name, platform: from.image.platform, ...comparison }
  if (options.json === true)
    io.out(
      json({
        ...view,
        from: { image: from.name, digest: from.location.digest },
        to: { image: to.name, digest: to.location.digest },
      }),
    )
  else io.out(options.markdown === true ? diffMarkdown(view) : diffText(view, io))
  return 0
}
