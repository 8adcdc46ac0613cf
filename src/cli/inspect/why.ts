import { normaliseName } from "../../environment/names.ts"
import type { Found } from "../../evidence/inventory/join.ts"
import type { Io } from "../io.ts"
import type { Inspected } from "./inspected.ts"
import { madeBy } from "./view.ts"

/** Items of a name; Python's and conda's are written in several ways. */
export function namesLike(items: readonly Found[], name: string): readonly Found[] {
  const wanted = normaliseName(name)
  return items.filter((item) => normaliseName(item.name) === wanted)
}

/** Where each came from. */
export function whyText(view: Inspected, found: readonly Found[], { outColors }: Pick<Io, "outColors">): string {
  const lines = found.flatMap((item) => {
    const version = "version" in item && item.version !== undefined ? ` ${item.version}` : ""
    const kind = item.kind === "package" ? item.ecosystem : item.kind
    const layer = view.image.layers[item.layer]
    const details = [
      ["at", `/${item.path}`],
      ["layer", `${item.layer + 1} of ${view.image.layers.length}: ${madeBy(layer?.history.created_by)}`],
      ...(item.kind === "package"
        ? [
            ["a copy in", item.within],
            ["installed by", item.installer],
            [
              "asked for",
              item.requested === undefined
                ? undefined
                : item.requested
                  ? "yes, by its name"
                  : "no, another package needs it",
            ],
            ["from", item.origin],
            ["as", item.url],
            ["packaged", item.packaged],
            ["made by", item.vendor],
            ["licence", item.licence],
          ]
        : []),
    ].filter((row): row is [string, string] => row[1] !== undefined)
    const width = Math.max(...details.map(([label]) => label.length))
    return [
      outColors.bold(`${item.name}${version}  (${kind})`),
      ...details.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`),
    ]
  })
  return `${lines.join("\n")}\n`
}
