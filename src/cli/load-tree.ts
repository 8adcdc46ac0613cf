import { loadTree as load, type LoadOptions } from "../resolve/load.ts"
import type { Tree } from "../tree/tree.ts"
import type { Context } from "./context.ts"

/** The tree of the context's folder. Fails with all problems of its files at once. */
export async function loadTree({ folder, host }: Context, { registry }: LoadOptions): Promise<Tree> {
  return await load(folder, host, { registry })
}
