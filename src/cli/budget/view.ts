import { hasBudget, isOver } from "../../evidence/budget/judge.ts"
import type { Platform } from "../../oci/platform.ts"
import type { Location } from "../../oci/store/store.ts"
import { bytes, count } from "../../report/format.ts"
import type { Image } from "../../tree/tree.ts"
import { columns } from "../columns.ts"
import type { Colors } from "../io.ts"
import { adviceLines, shortBound, type Advice } from "./advice.ts"
import type { RowWeight } from "./weigh-row.ts"

/** A row on a platform: what it weighs where it is built, and what to do where it is over its budget. */
export type RowBudget = {
  readonly row: Image
  readonly platform: Platform
  readonly weight?: RowWeight
  readonly location?: Location
  readonly advice?: Advice
}

/** A line a row, then what to do about those that are over. */
export function budgetText(rows: readonly RowBudget[], { bold, red, green, dim }: Colors): string {
  const several = new Set(rows.map(({ platform }) => platform)).size > 1
  const lines = columns(
    rows.map(({ row, platform, weight }) => [
      several ? `${row.id} ${platform}` : row.id,
      weight === undefined ? "" : bytes(weight.size).padStart(8),
      "|",
      stateOf(row, weight),
    ]),
  ).map((line) => {
    const [head = "", state = ""] = line.split("|  ")
    return `${head}${state.startsWith("over") ? red(state) : state.startsWith("ok") ? green(state) : dim(state)}`
  })
  const over = rows.filter(({ weight }) => weight?.bounds.some(isOver) === true)
  const declared = rows.some(({ row }) => hasBudget(row.budget))
  return `${[
    ...lines,
    ...over.flatMap(({ row, advice }) => ["", bold(row.id), ...(advice === undefined ? [] : adviceLines(advice))]),
    "",
    over.length > 0
      ? `${count(over.length, "image")} over budget. Make them smaller, or raise \`budget\` in nbstacks.yaml.`
      : rows.every(({ weight }) => weight === undefined)
        ? "Nothing is built yet: `nbstacks build`."
        : declared
          ? "Every image that is built keeps its budget."
          : "No image has a budget. Give it one in nbstacks.yaml: `budget: {image: 9GB, grow: 5%}`.",
  ].join("\n")}\n`
}

function stateOf({ budget }: Image, weight: RowWeight | undefined): string {
  if (weight === undefined) return "not built"
  if (!hasBudget(budget)) return "no budget"
  const over = weight.bounds.filter(isOver)
  if (over.length > 0) return `over: ${over.map(shortBound).join(", ")}`
  return `ok: ${weight.bounds.map(shortBound).join(", ") || "nothing to compare with yet"}`
}

/** The same for programs. */
export function budgetJson(rows: readonly RowBudget[]): object {
  return {
    images: rows.map(({ row, platform, weight, location, advice }) => ({
      image: row.id,
      platform,
      digest: location?.digest ?? null,
      size: weight?.size ?? null,
      before: weight?.before ?? null,
      bounds: weight?.bounds.map((bound) => ({ ...bound, over: isOver(bound) })) ?? [],
      ...(advice === undefined ? {} : { advice }),
    })),
  }
}
