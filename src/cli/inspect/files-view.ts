import type { Hidden, HiddenKind } from "../../evidence/weight/hidden.ts"
import type { LeftBehind } from "../../evidence/weight/left-behind.ts"
import type { MergedEntry } from "../../oci/merged/tree.ts"
import { bytes, count } from "../../report/format.ts"
import { columns } from "../columns.ts"
import type { Io } from "../io.ts"
import type { Named } from "./find.ts"
import { cut, madeBy } from "./view.ts"

export type LayersWeight = Named & {
  /** Of each layer, in bytes. */
  readonly unpacked: readonly number[]
  readonly hidden: readonly Hidden[]
  readonly left: readonly LeftBehind[]
}

/** Less than this is not worth a line, in bytes. */
const worthSaying = 100_000

/** A line a layer, then what could be saved and how. */
export function layersText(weight: LayersWeight, io: Pick<Io, "outColors" | "outTerminal">): string {
  const { image, unpacked, hidden } = weight
  const { bold } = io.outColors
  const seen = (at: number): number => hidden.filter((one) => one.layer === at).reduce((sum, one) => sum + one.bytes, 0)
  const rows = image.layers.map(({ descriptor }, at) => [
    String(at + 1).padStart(3),
    bytes(descriptor.size).padStart(8),
    bytes(unpacked[at] ?? 0).padStart(8),
    (seen(at) === 0 ? "" : bytes(seen(at))).padStart(8),
    "|",
  ])
  const [head = "", ...lines] = columns([["  #", "    size", "unpacked", "  hidden", "|"], ...rows])
  const left = Math.max(20, (io.outTerminal?.columns ?? 80) - head.length)
  const saved = savings(weight)
  return `${[
    bold(`${weight.name}  ${image.platform}`),
    "",
    bold(head.replace(/\|$/, "made by")),
    ...lines.map((line, at) => line.replace(/\|$/, () => cut(madeBy(image.layers[at]?.history.created_by), left))),
    "",
    ...(saved.length === 0
      ? ["Nothing is hidden or left behind that would be worth a change."]
      : [bold("Could be saved, unpacked:")]),
    ...saved.flatMap(({ size, what, instead }) => [`${bytes(size).padStart(8)}  ${what}`, `          ${instead}`]),
  ].join("\n")}\n`
}

type Saving = { readonly size: number; readonly what: string; readonly instead: string }

const did: Readonly<Record<HiddenKind, { readonly what: string; readonly instead: string }>> = {
  modes: {
    what: "only to change modes or owners",
    instead: "set them in the step that makes the files, such as COPY --chown or --chmod",
  },
  copied: { what: "without a change", instead: "do not write to them again in a later step" },
  rewritten: {
    what: "and writes them anew",
    instead: "make them as they should be in the first of both steps, or in one step",
  },
  removed: { what: "", instead: "remove them in the step that makes them" },
}

/** What could be saved, the most first. */
export function savings({ hidden, left }: Pick<LayersWeight, "hidden" | "left">): readonly Saving[] {
  return [
    ...hidden.map(({ layer, by, kind, files, bytes: size, most }) => {
      const many = `${count(files, "file")} of layer ${layer + 1}, most of them in /${most}`
      const verb = kind === "removed" ? "removes" : kind === "rewritten" ? "hides" : "copies"
      const what = [`layer ${by + 1} ${verb} ${many}`, did[kind].what].filter((part) => part !== "").join(", ")
      return { size, what, instead: did[kind].instead }
    }),
    ...left.map(({ what, files, bytes: size, layer, instead }) => ({
      size,
      what: `${what}: ${count(files, "file")}, most of them of layer ${layer + 1}`,
      instead,
    })),
  ]
    .filter(({ size }) => size >= worthSaying)
    .toSorted((a, b) => b.size - a.size)
}

/** The same for programs. Layers are counted from 1, as people see them. */
export function layersJson(weight: LayersWeight): object {
  const { name, location, image, unpacked, hidden, left } = weight
  return {
    image: name,
    digest: location.digest,
    platform: image.platform,
    layers: image.layers.map(({ descriptor, history }, at) => ({
      digest: descriptor.digest,
      size: descriptor.size,
      unpacked: unpacked[at],
      createdBy: history.created_by,
    })),
    hidden: hidden.map((one) => ({ ...one, layer: one.layer + 1, by: one.by + 1 })),
    leftBehind: left.map((one) => ({ ...one, layer: one.layer + 1 })),
  }
}

/** A line a file: its size, the layer that brought it, its path. */
export function filesText(files: readonly MergedEntry[]): string {
  const rows = files.map(({ size, content, path }) => [
    bytes(size).padStart(8),
    `layer ${(content?.layer ?? 0) + 1}`,
    `/${path}`,
  ])
  return columns(rows)
    .map((line) => `${line}\n`)
    .join("")
}

export function filesJson(files: readonly MergedEntry[]): object {
  return {
    files: files.map(({ path, size, mode, uid, gid, content }) => ({
      path: `/${path}`,
      size,
      mode: mode.toString(8).padStart(4, "0"),
      uid,
      gid,
      layer: (content?.layer ?? 0) + 1,
    })),
  }
}
