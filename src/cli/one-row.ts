import { Failure } from "../failure.ts"
import type { Platform } from "../oci/platform.ts"
import { rowsNamed, selectPlatform } from "../plan/select.ts"
import type { Image, RowId, Tree } from "../tree/tree.ts"
import type { Context } from "./context.ts"

/** The one row that a name means. Fails with `cannot` where it means several, or none. */
export function oneRow(tree: Tree, name: string): RowId {
  const rows = rowsNamed(tree, [name])
  const [only, another] = rows
  if (only !== undefined && another === undefined) return only
  throw new Failure("cannot", `\`${name}\` has ${rows.length} rows`, { hint: `Name one: ${rows.join(", ")}` })
}

/** This machine's own platform where the row has it, else its first. */
export function platformFor<P extends string>({ host }: Context, platforms: readonly P[]): P | undefined {
  return platforms.find((one) => one === `linux/${host.machine.architecture}`) ?? platforms[0]
}

/** A row, the platform of it that is meant, and the tree of the rows that have the platform that was asked for. */
export type RowHere = { readonly tree: Tree; readonly row: Image; readonly platform: Platform }

/** The one row that a name means, on the platform that was asked for or on this machine's. Fails with `cannot` where there is none. */
export function rowHere(context: Context, whole: Tree, name: string, asked: string | undefined): RowHere {
  const id = oneRow(whole, name)
  const tree = selectPlatform(whole, asked)
  const row = tree.images.find((one) => one.id === id)
  const platform = platformFor(context, row?.platforms ?? [])
  if (row === undefined || platform === undefined)
    throw new Failure("cannot", `\`${id}\` has no platform`, { hint: "Give it one with `platforms:` in nbstacks.yaml" })
  return { tree, row, platform }
}
