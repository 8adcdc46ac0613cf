import { normaliseName } from "../../environment/names.ts"
import { ecosystems, type Ecosystem } from "../../evidence/inventory/item.ts"
import type { Found } from "../../evidence/inventory/join.ts"
import { sizeOfLayers, type Image } from "../../oci/image.ts"
import { bytes, count } from "../../report/format.ts"
import { columns } from "../columns.ts"
import type { Io } from "../io.ts"
import { labelWords } from "./labels.ts"
import type { Inspected } from "./inspected.ts"

/** What people call packages of an ecosystem. */
export const packageWords: Readonly<Record<Ecosystem, string>> = {
  deb: "Debian",
  apk: "Alpine",
  rpm: "RPM",
  pypi: "Python",
  conda: "conda",
  cran: "R",
  julia: "Julia",
  npm: "npm",
  tex: "TeX",
}

/** A page about an image: what is in it, what it runs as, and its layers. */
export function inspectText(view: Inspected, io: Pick<Io, "outColors" | "outTerminal">): string {
  const { name, location, image, inventory } = view
  const { bold } = io.outColors
  const size = sizeOfLayers(image)
  const unpacked = inventory.layers.reduce((sum, layer) => sum + layer.bytes, 0)
  const files = inventory.layers.reduce((sum, layer) => sum + layer.files, 0)
  const rows = [
    ["digest", location.digest],
    [
      "size",
      `${bytes(size)} in ${count(image.layers.length, "layer")}, ${bytes(unpacked)} and ${files} files unpacked`,
    ],
    ["system", inventory.items.find((one) => one.kind === "system")?.name],
    ["packages", packageCounts(inventory.items)],
    [
      "kernels",
      listed(inventory.items, "kernel", (one) => (one.kind === "kernel" ? `${one.name} (${one.display})` : "")),
    ],
    ["lab", listed(inventory.items, "labextension", nameAndVersion)],
    ["server", listed(inventory.items, "serverextension", (one) => one.name)],
    ["labels", labelWords(image.config.Labels ?? {})],
    ["user", image.config.User ?? "root"],
    ["folder", image.config.WorkingDir ?? "/"],
    ["twice", twice(inventory.items)],
    ["evidence", evidenceWords(view)],
    ["command", [...(image.config.Entrypoint ?? []), ...(image.config.Cmd ?? [])].join(" ") || "none"],
  ].filter((row): row is [string, string] => row[1] !== undefined && row[1] !== "")
  return `${[
    bold(`${name}  ${image.platform}`),
    ...columns(rows),
    "",
    ...layerLines(view, io),
    "",
    "All packages: --packages. Where one comes from: --why NAME.",
  ].join("\n")}\n`
}

/** Packages of Python that are there in several versions, and of which nobody can tell by their name which one is imported. */
function twice(items: readonly Found[]): string | undefined {
  const versions = new Map<string, Set<string>>()
  for (const item of items) {
    if (item.kind !== "package" || (item.ecosystem !== "pypi" && item.ecosystem !== "conda")) continue
    const name = normaliseName(item.name)
    versions.set(name, (versions.get(name) ?? new Set()).add(item.version))
  }
  const found = [...versions]
    .filter(([, all]) => all.size > 1)
    .map(([name, all]) => `${name} ${[...all].join(" and ")}`)
  const more = found.length - mostTwice
  return found.length === 0 ? undefined : `${found.slice(0, mostTwice).join(", ")}${more > 0 ? `, ${more} more` : ""}`
}

const mostTwice = 5

/** What is kept beside the image, in a line. */
function evidenceWords({ evidence, from }: Inspected): string | undefined {
  if (evidence === undefined) return undefined
  const [checks] = evidence.checks
  const { signatures, signedBy, digest } = evidence
  const words = [
    checks === undefined
      ? undefined
      : `${count(checks.passed, "check")} passed${checks.failed > 0 ? `, ${checks.failed} failed` : ""}`,
    digest === undefined ? undefined : from === "evidence" ? "this inventory" : "inventory",
    signedBy !== undefined ? `signed by ${signedBy}` : signatures > 0 ? count(signatures, "signature") : undefined,
  ].filter((word) => word !== undefined)
  return words.length === 0 ? "none" : words.join(", ")
}

function packageCounts(items: readonly Found[]): string {
  const counts = new Map<Ecosystem, number>()
  for (const item of items)
    if (item.kind === "package") counts.set(item.ecosystem, (counts.get(item.ecosystem) ?? 0) + 1)
  const found = ecosystems.filter((one) => counts.has(one)).map((one) => `${counts.get(one)} ${packageWords[one]}`)
  return found.length === 0 ? "none" : found.join(", ")
}

function listed(items: readonly Found[], kind: Found["kind"], show: (item: Found) => string): string | undefined {
  const names = new Set(items.filter((item) => item.kind === kind).map(show))
  return names.size === 0 ? undefined : [...names].join(", ")
}

function nameAndVersion(item: Found): string {
  return item.kind === "labextension" && item.version !== undefined ? `${item.name} ${item.version}` : item.name
}

function layerLines({ image, inventory }: Inspected, io: Pick<Io, "outColors" | "outTerminal">): readonly string[] {
  const packages = new Map<number, number>()
  for (const item of inventory.items)
    if (item.kind === "package") packages.set(item.layer, (packages.get(item.layer) ?? 0) + 1)
  const unpacked = inventory.layers.map((layer) => layer.bytes)
  return layerTable(image, { unpacked, title: "packages", cell: (at) => String(packages.get(at) ?? 0) }, io)
}

/** What a line for each layer says besides its size and what made it. */
export type LayerColumns = {
  /** Of each layer, in bytes. */
  readonly unpacked: readonly number[]
  /** Eight columns wide, as its cells. */
  readonly title: string
  readonly cell: (layer: number) => string
}

/** A line for each layer, and what made it as far as the terminal is wide. */
export function layerTable(
  { layers }: Pick<Image, "layers">,
  { unpacked, title, cell }: LayerColumns,
  { outColors, outTerminal }: Pick<Io, "outColors" | "outTerminal">,
): readonly string[] {
  const rows = layers.map(({ descriptor }, at) => [
    String(at + 1).padStart(3),
    bytes(descriptor.size).padStart(8),
    bytes(unpacked[at] ?? 0).padStart(8),
    cell(at).padStart(8),
    "|",
  ])
  const [head = "", ...lines] = columns([["  #", "    size", "unpacked", title.padStart(8), "|"], ...rows])
  const left = Math.max(20, (outTerminal?.columns ?? 80) - head.length)
  return [
    outColors.bold(head.replace(/\|$/, "made by")),
    ...lines.map((line, at) => line.replace(/\|$/, () => cut(madeBy(layers[at]?.history.created_by), left))),
  ]
}

/** The step that made a layer, without what builders put around it. */
export function madeBy(created: string | undefined): string {
  const step = (created ?? "")
    .replace(/^(?:RUN )?\/bin\/(?:ba|a)?sh -o? ?\S* ?-c /, "RUN ")
    .replace(/^\/bin\/sh -c #\(nop\) +/, "")
    .replace(/^\/bin\/sh -c /, "RUN ")
    .replace(/ # buildkit$/, "")
    .replaceAll(/\s+/g, " ")
    .trim()
  return step === "" ? "(not said)" : step
}

/** When a layer was made, to the minute; empty where an image says a time that only makes it the same each time. */
export function madeAt(created: string | undefined): string {
  return created === undefined || /^(?:1970|1980)-01-01T/.test(created) ? "" : created.slice(0, 16).replace("T", " ")
}

/** A text of so many columns at most. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

/** A line a package: ecosystem, name, version, and the layer that brought it. */
export function packagesText(items: readonly Found[]): string {
  const packages = items.flatMap((item) => (item.kind === "package" ? [item] : []))
  const sorted = packages.toSorted((a, b) => ecosystems.indexOf(a.ecosystem) - ecosystems.indexOf(b.ecosystem))
  const lines = columns(
    sorted.map(({ ecosystem, name, version, layer, within }) => [
      ecosystem,
      name,
      version,
      `layer ${layer + 1}${within === undefined ? "" : `, a copy in ${within}`}`,
    ]),
  )
  return lines.map((line) => `${line}\n`).join("")
}

/** The same for programs. Layers are counted from 1, as people see them. */
export function inspectJson({ name, location, image, inventory, evidence, from }: Inspected): object {
  const of = (kind: Found["kind"]): readonly object[] =>
    inventory.items
      .filter((item) => item.kind === kind)
      .map((item) => ({ ...item, kind: undefined, layer: item.layer + 1 }))
  return {
    image: name,
    digest: location.digest,
    platform: image.platform,
    evidence:
      evidence === undefined
        ? null
        : {
            manifest: evidence.digest ?? null,
            checks: evidence.checks[0] ?? null,
            signatures: evidence.signatures,
            signedBy: evidence.signedBy ?? null,
          },
    inventoryFrom: from,
    user: image.config.User ?? "",
    labels: image.config.Labels ?? {},
    system: of("system")[0] ?? null,
    packages: of("package"),
    kernels: of("kernel"),
    labExtensions: of("labextension"),
    serverExtensions: of("serverextension"),
    unread: of("unread"),
    layers: image.layers.map(({ descriptor, diffId, history }, at) => ({
      digest: descriptor.digest,
      diffId,
      size: descriptor.size,
      unpacked: inventory.layers[at]?.bytes,
      files: inventory.layers[at]?.files,
      createdBy: history.created_by,
    })),
  }
}
