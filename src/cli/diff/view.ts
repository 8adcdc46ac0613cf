import type { Comparison, PackageChange } from "../../evidence/compare/compare.ts"
import { bytes, count } from "../../report/format.ts"
import { columns } from "../columns.ts"
import { packageWords } from "../inspect/view.ts"
import type { Io } from "../io.ts"
import { cell, tableOf } from "../markdown.ts"

export type DiffView = Comparison & { readonly from: string; readonly to: string; readonly platform: string }

const others = {
  kernel: "kernel",
  labextension: "lab extension",
  serverextension: "server extension",
  system: "system",
} as const

/** A line a change, after what it costs. */
export function diffText(view: DiffView, { outColors }: Pick<Io, "outColors">): string {
  const rows = [
    ...view.packages.map((one) => [one.change, packageWords[one.ecosystem], one.name, versions(one)]),
    ...view.others.map(({ change, kind, name }) => [change, others[kind], name, ""]),
  ]
  return `${[
    outColors.bold(`${view.from} → ${view.to}  ${view.platform}`),
    sizes(view),
    "",
    ...(rows.length === 0 ? ["They have the same packages, kernels and extensions."] : columns(rows)),
  ].join("\n")}\n`
}

function sizes({ size, pull }: Pick<DiffView, "size" | "pull">): string {
  const more = size.to - size.from
  const change = more === 0 ? "the same" : `${more > 0 ? "+" : "-"}${bytes(Math.abs(more))}`
  const pulled =
    pull.layers === 0
      ? "who has the first pulls nothing"
      : `who has the first pulls ${bytes(pull.bytes)}, ${pull.layers} of ${count(pull.of, "layer")}`
  return `${bytes(size.from)} → ${bytes(size.to)} (${change}); ${pulled}`
}

function versions({ from, to }: PackageChange): string {
  if (from.length === 0) return to.join(", ")
  if (to.length === 0) return from.join(", ")
  return `${from.join(", ")} → ${to.join(", ")}`
}

/** The same for a pull request: a table of each kind of package. */
export function diffMarkdown(view: DiffView): string {
  const lines = [`**${cell(view.from)} → ${cell(view.to)}** (${view.platform}): ${sizes(view)}`]
  for (const [ecosystem, changes] of Map.groupBy(view.packages, (one) => one.ecosystem)) {
    lines.push(
      "",
      ...tableOf(
        [packageWords[ecosystem], "from", "to", ""],
        changes.map(({ name, from, to, change }) => [name, from.join(", "), to.join(", "), change]),
      ),
    )
  }
  if (view.others.length > 0) lines.push("")
  for (const { change, kind, name } of view.others) lines.push(`- ${change}: ${others[kind]} ${cell(name)}`)
  if (view.packages.length + view.others.length === 0)
    lines.push("", "They have the same packages, kernels and extensions.")
  return `${lines.join("\n")}\n`
}
