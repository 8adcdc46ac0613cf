import { bytes } from "../../report/format.ts"
import type { Io } from "../io.ts"
import { cut, madeBy } from "./view.ts"
import type { WeighedImage } from "./weighed.ts"

/**
 * A part of a bar: what could be written in it, the best first, of which the last may be cut; what is written where that
 * would say too little; and what it weighs.
 */
export type Part = { readonly labels: readonly string[]; readonly short: string; readonly size: number }

/** A part as it is drawn: whole columns, of which the first is its border. */
type Cell = { readonly label: string; readonly width: number; readonly part: number | undefined }

/** Parts of fewer columns are drawn as one: layers have a number, packages a name. */
const narrowest = { layer: 3, package: 4 } as const
/** Fewer letters of a name say nothing. */
const fewestLetters = 3
/** Layers of fewer columns have no room for packages. */
const worthPackages = 10
/** A picture wider than this is not read better. */
const widest = 160

/**
 * A picture of an image: in the upper line its layers by what is pulled, from the bottom up; in the lower one below each wide layer
 * its packages by their unpacked size. Wide as the terminal, 80 columns elsewhere. Each part begins with a border, so
 * colours say nothing that is not there without them.
 */
export function barLines(weighed: WeighedImage, io: Pick<Io, "outColors" | "outTerminal">): readonly string[] {
  const width = Math.max(20, Math.min(widest, io.outTerminal?.columns ?? 80))
  const { bold, dim, cyan } = io.outColors
  const layers = cellsOf(layerParts(weighed), width, narrowest.layer)
  if (layers.length === 0) return []
  const packages = layers.flatMap(({ part, width: room }): readonly Cell[] => {
    const inside =
      part === undefined || room < worthPackages ? [] : cellsOf(packageParts(weighed, part), room, narrowest.package)
    return inside.length === 0 ? [{ label: "", width: room, part: undefined }] : inside
  })
  return [
    bold("layers by what is pulled, and their packages by unpacked size"),
    cyan(drawn(layers, "▌", "▒")),
    dim(
      packages
        .map((cell) =>
          cell.label === "" && cell.part === undefined ? " ".repeat(cell.width) : drawn([cell], "▏", "░"),
        )
        .join("")
        .trimEnd(),
    ),
  ]
}

function drawn(cells: readonly Cell[], border: string, fill: string): string {
  return cells
    .map(({ label, width }) => {
      const text = label === "" ? "" : width - 1 > label.length ? `${label} ` : label
      return `${border}${text.padEnd(width - 1, fill)}`
    })
    .join("")
}

/** Parts in their order as cells that are together as wide as asked; what is too small is one cell at the end. */
export function cellsOf(parts: readonly Part[], width: number, least: number): readonly Cell[] {
  const total = parts.reduce((sum, { size }) => sum + size, 0)
  if (total === 0 || width < 1) return []
  const wide = parts.flatMap(({ labels, short, size }, part) =>
    (size / total) * width >= least ? [{ labels, short, size, part }] : [],
  )
  const small = parts.length - wide.length
  const rest = total - wide.reduce((sum, { size }) => sum + size, 0)
  const all = [
    ...wide,
    ...(small > 0 && (rest / total) * width >= least
      ? [{ labels: [`${small} smaller`], short: `+${small}`, size: rest, part: undefined }]
      : []),
  ]
  const sum = all.reduce((bytesOfAll, { size }) => bytesOfAll + size, 0)
  let [passed, drawnUntil] = [0, 0]
  return all.map(({ labels, short, size, part }) => {
    passed += size
    const until = Math.round((passed / sum) * width)
    const room = until - drawnUntil
    drawnUntil = until
    return { label: fitting({ labels, short }, room - 1), width: room, part }
  })
}

function fitting({ labels, short }: Pick<Part, "labels" | "short">, room: number): string {
  const texts = labels.map(plain)
  const whole = texts.find((label) => label.length <= room)
  if (whole !== undefined) return whole
  return room >= fewestLetters ? cut(texts.at(-1) ?? "", room) : short.length <= room ? short : ""
}

/** Text of an image, each sign of which takes a column. */
function plain(text: string): string {
  return text.replaceAll(/[^ -~]/g, "?")
}

function layerParts({ image }: WeighedImage): readonly Part[] {
  return image.layers.map(({ descriptor: { size }, history }, at) => {
    const by = madeBy(history.created_by).replace(/^nbstacks: /, "")
    return { labels: [`${at + 1} ${by} ${bytes(size)}`, `${at + 1} ${by}`], short: `${at + 1}`, size }
  })
}

function packageParts({ weight }: WeighedImage, layer: number): readonly Part[] {
  const parts = [
    ...weight.packages.map(({ item, layers }) => ({ name: item.name, layers })),
    { name: "no package", layers: weight.none.layers },
  ]
  return parts
    .flatMap(({ name, layers }) =>
      layers.flatMap((one) =>
        one.layer === layer ? [{ labels: [`${name} ${bytes(one.bytes)}`, name], short: "", size: one.bytes }] : [],
      ),
    )
    .sort((a, b) => b.size - a.size)
}
