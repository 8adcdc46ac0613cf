import { isOver } from "../../evidence/budget/judge.ts"
import { locationIn } from "../../build/builder.ts"
import { parallel } from "../../parallel.ts"
import { rowsNamed, selectPlatform, selectRows } from "../../plan/select.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Platform } from "../../oci/platform.ts"
import type { Plan } from "../../plan/plan.ts"
import type { Image } from "../../tree/tree.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import { loadTree } from "../load-tree.ts"
import { openSession, think } from "../session.ts"
import { adviceFor } from "./advice.ts"
import type { BudgetOptions } from "./flags.ts"
import { budgetJson, budgetText, type RowBudget } from "./view.ts"
import { rowWeigher } from "./weigh-row.ts"

/** Rows that are weighed at once. */
const width = 8

/** Shows every row against its budget. */
export async function budget(
  context: Context,
  options: BudgetOptions & { readonly rows: readonly string[] },
): Promise<number> {
  const { io } = context
  const only = [...options.rows, ...(options.only ?? [])]
  const whole = await loadTree(context, options)
  const tree = selectPlatform(selectRows(whole, { only, except: options.except ?? [] }), options.platform)
  await using session = openSession(context, tree)
  const places = options.offline === true ? [session.local] : session.places
  const { plan, knowledge } = await think(context, session, { offline: false, verify: false, places })
  const weigh = rowWeigher(session, () => Promise.resolve(knowledge.latest))
  // Their parents are there to be planned, and were not asked for.
  const asked = only.length === 0 ? undefined : new Set(rowsNamed(tree, only))
  const shown = tree.images.filter(({ id }) => asked?.has(id) !== false)
  const slots = shown.flatMap((row) => row.platforms.map((platform) => ({ row, platform })))
  const found = await parallel(slots, width, async ({ row, platform }): Promise<RowBudget> => {
    context.signal.throwIfAborted()
    const built = plan.reuse.find((one) => one.image === row.id && one.platform === platform)
    const place = built === undefined ? undefined : knowledge.places.get(built.digest)
    if (built === undefined || place === undefined) return { row, platform }
    const location = locationIn(place, row, built.digest)
    const weight = await weigh(row, platform, location, parentOf(row, platform, plan))
    return { row, platform, weight, location }
  })
  // One after the other: their layers are read.
  const advised: RowBudget[] = []
  for (const one of found) {
    const over = one.weight?.bounds.some(isOver) === true
    const { weight, location } = one
    advised.push(
      over && weight !== undefined && location !== undefined
        ? { ...one, advice: await adviceFor(context, location, weight) }
        : one,
    )
  }
  io.out(options.json === true ? json(budgetJson(advised)) : budgetText(advised, io.outColors))
  return advised.some(({ weight }) => weight?.bounds.some(isOver) === true) ? 1 : 0
}

/** What a row is built on; null for nothing, or where that is not built. */
function parentOf({ parent }: Image, platform: Platform, { reuse }: Plan): Digest | null {
  if (parent.kind === "external") return parent.locked[platform] ?? null
  if (parent.kind === "none") return null
  return reuse.find((one) => one.image === parent.id && one.platform === platform)?.digest ?? null
}
