import type { Context } from "../context.ts"
import { inspected } from "../inspect/inspected.ts"
import { baseOf } from "./base.ts"
import type { PageOptions } from "./flags.ts"
import { pageText } from "./view.ts"

/** Prints a page about an image. */
export async function page(context: Context, options: PageOptions & { readonly image: string }): Promise<number> {
  const found = await inspected(context, options.image, options)
  context.io.out(pageText(found, await baseOf(context, found)))
  return 0
}
