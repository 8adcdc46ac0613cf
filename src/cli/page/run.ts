import type { Context } from "../context.ts"
import { inspected } from "../inspect/inspected.ts"
import type { PageOptions } from "./flags.ts"
import { pageText } from "./view.ts"

/** Prints a page about an image. */
export async function page(context: Context, options: PageOptions & { readonly image: string }): Promise<number> {
  context.io.out(pageText(await inspected(context, options.image, options)))
  return 0
}
