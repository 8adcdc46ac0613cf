import { Failure } from "../failure.ts"
import { rowsNamed } from "../plan/select.ts"
import type { RowId, Tree } from "../tree/tree.ts"
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
