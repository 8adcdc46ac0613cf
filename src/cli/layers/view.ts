import type { Digest } from "../../oci/digest.ts"
import type { Platform } from "../../oci/platform.ts"
import { bytes, count } from "../../report/format.ts"
import type { RowId } from "../../tree/tree.ts"
import { columns } from "../columns.ts"
import type { Io } from "../io.ts"
import type { Contents } from "./contents.ts"

export type ShownLayer = Contents & {
  readonly digest: Digest
  /** Compressed, in bytes. */
  readonly size: number
  /** Undefined where nobody knows the parent's layers any more. */
  readonly of: "parent" | "own" | undefined
  /** Other rows with the same layer. */
  readonly sharedBy: readonly RowId[]
}

export type LayersView = {
  readonly row: RowId
  /** A row or a reference. */
  readonly parent: string | undefined
  readonly platform: Platform
  readonly digest: Digest
  readonly layers: readonly ShownLayer[]
}

const usualWidth = 80

/**
 * A line a layer, from the bottom: size, whose it is, who shares it, what it holds as far as the line goes; with `all` a line for
 * each package, so that a search finds its layer.
 */
export function layersText(
  view: LayersView,
  { outColors, outTerminal }: Pick<Io, "outColors" | "outTerminal">,
  { all }: { readonly all: boolean },
): string {
  const { layers } = view
  const rows = layers.map(({ size, of, sharedBy }, at) => [
    String(at + 1).padStart(String(layers.length).length),
    bytes(size).padStart(7),
    of ?? "?",
    sharing(sharedBy),
  ])
  const heads = ["#".padStart(String(layers.length).length), "size".padStart(7), "of", "shared with"]
  // The width of the last column is what the others leave.
  const [first = "", ...lines] = columns([[...heads, "|"], ...rows.map((row) => [...row, "|"])])
  const left = Math.max(20, (outTerminal?.columns ?? usualWidth) - first.length)
  const shown = [
    outColors.bold(first.replace(/\|$/, "holds")),
    ...lines.flatMap((line, at) => {
      const layer = layers[at]
      if (layer === undefined) return [line]
      const holds = all ? listed(layer) : [held(layer, left)]
      return holds.map((text) => line.replace(/\|$/, () => text).trimEnd())
    }),
  ]
  return `${[...headings(view), "", ...shown].join("\n")}\n`
}

/** Two lines: what the row has in all, and whose that is. */
function headings({ row, platform, parent, layers }: LayersView): readonly string[] {
  const part = (of: ShownLayer["of"]): string => {
    const some = layers.filter((layer) => layer.of === of)
    return `${count(some.length, "layer")}, ${bytes(sum(some))}`
  }
  const all = `${row}: ${count(layers.length, "layer")}, ${bytes(sum(layers))}, ${platform}`
  if (parent === undefined) return [all]
  if (layers.some(({ of }) => of === undefined))
    return [all, `on ${parent}, of which this machine does not know which layers it has`]
  return [all, `own: ${part("own")}; of ${parent}: ${part("parent")}`]
}

function sharing(rows: readonly RowId[]): string {
  if (rows.length === 0) return "-"
  const [first = "", ...others] = rows
  return others.length === 0 ? clipped(first, 20) : `${clipped(first, 16)} +${others.length}`
}

function listed({ packages, title }: Contents): readonly string[] {
  if (packages.length === 0) return [title ?? ""]
  return packages.map((one) => (title === undefined ? one : `${one} (${title})`))
}

/** As many packages as fit, and how many more there are. */
function held({ packages, title }: Contents, width: number): string {
  if (packages.length === 0) return clipped(title ?? "", width)
  const about = title === undefined ? "" : ` (${title})`
  for (let shown = packages.length; shown > 0; shown--) {
    const more = packages.length - shown
    const text = `${packages.slice(0, shown).join(", ")}${more === 0 ? about : `, +${more}`}`
    if (text.length <= width) return text
  }
  return clipped(packages.length === 1 ? `${packages[0]}${about}` : count(packages.length, "package"), width)
}

function clipped(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

function sum(layers: readonly ShownLayer[]): number {
  return layers.reduce((total, { size }) => total + size, 0)
}

/** The layers for a program. */
export function layersJson({ row, parent, platform, digest, layers }: LayersView): object {
  return {
    image: row,
    platform,
    digest,
    parent: parent ?? null,
    size: sum(layers),
    layers: layers.map(({ of, title, ...layer }) => ({
      digest: layer.digest,
      size: layer.size,
      of: of ?? null,
      packages: layer.packages,
      title: title ?? null,
      sharedBy: layer.sharedBy,
    })),
  }
}
