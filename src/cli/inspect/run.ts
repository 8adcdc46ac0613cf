import { Failure } from "../../failure.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import type { InspectOptions } from "./flags.ts"
import { inspected } from "./inspected.ts"
import { inspectJson, inspectText, packagesText } from "./view.ts"
import { namesLike, whyText } from "./why.ts"

/** Shows what is in an image. */
export async function inspect(context: Context, options: InspectOptions & { readonly image: string }): Promise<number> {
  const { io } = context
  const view = await inspected(context, options.image, options)
  const { items } = view.inventory
  if (options.why !== undefined) {
    const found = namesLike(items, options.why)
    if (found.length === 0)
      throw new Failure("no", `There is no \`${options.why}\` in ${view.name}`, {
        hint: `See all with \`nbstacks inspect ${options.image} --packages\``,
      })
    io.out(options.json === true ? json({ found }) : whyText(view, found, io))
  } else if (options.json === true) io.out(json(inspectJson(view)))
  else io.out(options.packages === true ? packagesText(items) : inspectText(view, io))
  return 0
}
