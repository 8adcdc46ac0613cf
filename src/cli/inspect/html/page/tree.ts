import { bytes, count } from "../../../../report/format.ts"
import type { PageData, PageGroup } from "./data.ts"

/** A part of an image: all of it, a layer, a package in it, a file; or several small ones together. */
export type Part = {
  /** What is written in its place, and what it is called in full. */
  readonly label: string
  readonly title: string
  /** For its colour. */
  readonly look: string
  readonly size: number
  readonly parent: Part | undefined
  /** The largest first. */
  readonly parts: Part[]
}

/** The parts of an image, and where its layers and packages are among them. */
export type ImageTree = {
  readonly root: Part
  readonly layers: ReadonlyMap<number, Part>
  readonly packages: ReadonlyMap<number, Part>
}

/** Makes the tree of layers, packages and files. */
export function treeOf(data: PageData): ImageTree {
  const root = part(undefined, { label: data.name, title: data.name, look: "image", size: 0 })
  const layers = new Map<number, Part>()
  const packages = new Map<number, Part>()
  const groups = Map.groupBy(data.groups, ({ layer }) => layer)
  for (const [at, { by, hidden }] of data.layers.entries()) {
    const those = groups.get(at) ?? []
    const size = hidden + those.reduce((sum, group) => sum + group.bytes, 0)
    if (size === 0) continue
    const [first] = those
    const look = those.length === 1 && hidden === 0 && first !== undefined ? lookOf(data, first) : "layer"
    const layer = part(root, {
      label: `${at + 1} ${shortened(by)}`,
      title: `Layer ${at + 1}: ${shortened(by)}`,
      look,
      size,
    })
    layers.set(at, layer)
    for (const group of those) {
      const made = groupPart(data, group, layer)
      const heaviest = packages.get(group.package)
      if (heaviest === undefined || heaviest.size < made.size) packages.set(group.package, made)
    }
    if (hidden > 0)
      part(layer, { label: "hidden", title: "Files that later layers hide", look: "hidden", size: hidden })
  }
  sort(root)
  return { root, layers, packages }
}

function lookOf(data: PageData, group: PageGroup): string {
  return data.packages[group.package]?.type ?? "none"
}

/** A step that a map has room for. */
function shortened(by: string): string {
  const step = by.replace(/^nbstacks: /, "")
  return step.length > 100 ? `${step.slice(0, 99)}…` : step
}

function groupPart(data: PageData, group: PageGroup, layer: Part): Part {
  const of = data.packages[group.package]
  const made = part(layer, {
    label: of?.name ?? "no package",
    title: of === undefined ? "Files of no package" : `${of.name} ${of.version} (${of.ecosystem})`,
    look: lookOf(data, group),
    size: group.bytes,
  })
  for (const [path, size] of group.largest)
    part(made, { label: path.slice(path.lastIndexOf("/") + 1), title: `/${path}`, look: made.look, size })
  const left = group.files - group.largest.length
  const size = group.bytes - group.largest.reduce((sum, [, one]) => sum + one, 0)
  if (left > 0 && size > 0)
    part(made, { label: count(left, "smaller file"), title: count(left, "smaller file"), look: "rest", size })
  return made
}

function part(parent: Part | undefined, fields: Pick<Part, "label" | "title" | "look" | "size">): Part {
  const made: Part = { ...fields, parent, parts: [] }
  parent?.parts.push(made)
  return made
}

function sort(of: Part): void {
  of.parts.sort((a, b) => Number(a.look === "rest") - Number(b.look === "rest") || b.size - a.size)
  for (const one of of.parts) sort(one)
}

/** The size of a part that is drawn: what is in it, for the image itself. */
export function sizeOf(of: Part): number {
  return of.size === 0 ? of.parts.reduce((sum, { size }) => sum + size, 0) : of.size
}

/** A sentence about a part: its name, its size, and its share of what it is in. */
export function sentence(of: Part): string {
  const size = bytes(sizeOf(of))
  return of.parent === undefined ? `${of.title}: ${size} unpacked` : `${of.title}: ${size}, ${shareOf(of, of.parent)}`
}

/** What such a sentence says besides the label and the size: where a file is, and the share. */
export function restOf(of: Part): string {
  const share = of.parent === undefined ? "" : shareOf(of, of.parent)
  return of.title.startsWith("/") ? `${of.title}, ${share}` : share
}

function shareOf(of: Part, parent: Part): string {
  const share = (100 * of.size) / sizeOf(parent)
  return `${share < 0.1 ? "less than 0.1" : share.toFixed(1)} % of ${parent.title}`
}
