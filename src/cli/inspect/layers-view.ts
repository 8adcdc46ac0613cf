import type { PackageWeight, Sum } from "../../evidence/weight/package-weight.ts"
import { bytes, count } from "../../report/format.ts"
import { columns } from "../columns.ts"
import type { Io } from "../io.ts"
import { barLines } from "./bar.ts"
import { savings } from "./savings.ts"
import { layerTable, packageWords } from "./view.ts"
import type { WeighedImage } from "./weighed.ts"

/** So many packages and files are shown. */
const shown = 10

/** A picture of the layers, a line for each, what packages and files weigh, then what could be saved and how. */
export function layersText(weighed: WeighedImage, io: Pick<Io, "outColors" | "outTerminal">): string {
  const { name, image } = weighed
  const { bold } = io.outColors
  const saved = savings(weighed)
  return `${[
    bold(`${name}  ${image.platform}`),
    "",
    ...barLines(weighed, io),
    "",
    ...layerLines(weighed, io),
    "",
    ...weightLines(weighed, io),
    "",
    ...(saved.length === 0
      ? ["Nothing is hidden or left behind that would be worth a change."]
      : [bold("Could be saved, unpacked:")]),
    ...saved.flatMap(({ size, what, instead }) => [`${bytes(size).padStart(8)}  ${what}`, `          ${instead}`]),
  ].join("\n")}\n`
}

function layerLines(
  { image, unpacked, hidden }: WeighedImage,
  io: Pick<Io, "outColors" | "outTerminal">,
): readonly string[] {
  const unseen = (at: number): number =>
    hidden.filter(({ layer }) => layer === at).reduce((sum, one) => sum + one.bytes, 0)
  const cell = (at: number): string => (unseen(at) === 0 ? "" : bytes(unseen(at)))
  return layerTable(image, { unpacked, title: "hidden", cell }, io)
}

/** What is pulled is an estimate, which `~` says. */
function sizes({ bytes: size, compressed }: Sum): readonly string[] {
  return [bytes(size).padStart(8), `~${bytes(compressed)}`.padStart(9)]
}

function weightLines({ weight }: WeighedImage, { outColors: { bold } }: Pick<Io, "outColors">): readonly string[] {
  const heading = (title: string): readonly string[] => ["unpacked", "   pulled", title]
  const [head = "", ...ecosystems] = columns([
    heading("by ecosystem"),
    ...weight.ecosystems.map((one) => [
      ...sizes(one),
      `${packageWords[one.ecosystem]}: ${count(one.packages, "package")}, ${count(one.files, "file")}`,
    ]),
    [...sizes(weight.none), `of no package: ${count(weight.none.files, "file")}`],
  ])
  const heaviest = weight.packages.slice(0, shown).filter(({ files }) => files > 0)
  const [packagesHead = "", ...packages] = columns([
    [...heading("heaviest packages"), "", "", ""],
    ...heaviest.map((one) => [
      ...sizes(one),
      one.item.name,
      one.item.version,
      packageWords[one.item.ecosystem],
      layerWords(one),
    ]),
  ])
  const files = columns(
    weight.files
      .slice(0, shown)
      .map(({ path, size, layer }) => [bytes(size).padStart(8), `layer ${layer + 1}`, `/${path}`]),
  )
  return [
    bold(head),
    ...ecosystems,
    ...(packages.length === 0 ? [] : ["", bold(packagesHead), ...packages]),
    ...(files.length === 0 ? [] : ["", bold("unpacked  largest files"), ...files]),
  ]
}

function layerWords({ layers }: PackageWeight): string {
  const numbers = layers.map(({ layer }) => layer + 1)
  return numbers.length === 1
    ? `layer ${numbers[0]}`
    : `layers ${numbers.slice(0, 3).join(", ")}${numbers.length > 3 ? ", …" : ""}`
}

/** The same for programs. Layers are counted from 1, as people see them; `compressed` is an estimate. */
export function layersJson(weighed: WeighedImage): object {
  const { name, location, image, unpacked, hidden, left, weight } = weighed
  return {
    image: name,
    digest: location.digest,
    platform: image.platform,
    layers: image.layers.map(({ descriptor, history }, at) => ({
      digest: descriptor.digest,
      size: descriptor.size,
      unpacked: unpacked[at],
      seen: weight.layers[at],
      createdBy: history.created_by,
    })),
    hidden: hidden.map((one) => ({ ...one, layer: one.layer + 1, by: one.by + 1 })),
    leftBehind: left.map((one) => ({ ...one, layer: one.layer + 1 })),
    ecosystems: weight.ecosystems,
    packages: weight.packages.map(({ item: { ecosystem, name: called, version }, ...sum }) => ({
      ecosystem,
      name: called,
      version,
      ...fromOne(sum),
    })),
    noPackage: fromOne(weight.none),
    largestFiles: weight.files
      .slice(0, shown)
      .map(({ path, size, layer }) => ({ path: `/${path}`, size, layer: layer + 1 })),
  }
}

function fromOne(sum: Pick<PackageWeight, "layers" | keyof Sum>): object {
  return { ...sum, layers: sum.layers.map((one) => ({ ...one, layer: one.layer + 1 })) }
}
