import type { Context } from "../context.ts"
import { json } from "../json.ts"
import { loadConfig } from "../../resolve/load.ts"
import type { TreeOptions } from "./flags.ts"
import { chooseRows } from "./choose.ts"
import { treeJson, treeText } from "./view.ts"

/** Prints the rows and what is built on what. */
export async function tree(context: Context, options: TreeOptions): Promise<number> {
  const loaded = await loadConfig(context.folder, context.host)
  const rows = chooseRows(loaded, { only: options.only ?? [], except: options.except ?? [] })
  const chosen = { ...loaded.config, rows }
  context.io.out(options.json === true ? json(treeJson(chosen)) : treeText(chosen, context.io.outColors))
  return 0
}
