import { ecosystems } from "../../evidence/inventory/item.ts"
import type { Found } from "../../evidence/inventory/join.ts"
import { sizeOfLayers } from "../../oci/image.ts"
import { bytes, count } from "../../report/format.ts"
import type { Base } from "./base.ts"
import type { Inspected } from "../inspect/inspected.ts"
import { madeAt, madeBy, packageWords } from "../inspect/view.ts"
import { cell, tableOf } from "../markdown.ts"

/** A page about an image in Markdown. What comes from the image is text there, and nothing else. */
export function pageText(found: Inspected, base: Base | undefined): string {
  const { name, location, image, inventory } = found
  const size = sizeOfLayers(image)
  const unpacked = inventory.layers.reduce((sum, layer) => sum + layer.bytes, 0)
  const system = inventory.items.find((item) => item.kind === "system")?.name
  const command = [...(image.config.Entrypoint ?? []), ...(image.config.Cmd ?? [])].join(" ")
  const facts = [
    ["digest", location.digest],
    ["platform", image.platform],
    ["size", `${bytes(size)} in ${count(image.layers.length, "layer")}, ${bytes(unpacked)} unpacked`],
    ["system", system ?? ""],
    ["user", image.config.User ?? "root"],
    ["folder", image.config.WorkingDir ?? "/"],
    ["command", command],
  ].filter(([, value]) => value !== "")
  return `${[
    `# ${cell(name)}`,
    "",
    ...tableOf(["", ""], facts),
    "",
    "## Steps",
    "",
    ...steps(found, base),
    "",
    ...section(inventory.items, "kernel", "Kernels"),
    ...section(inventory.items, "labextension", "Extensions of JupyterLab"),
    ...section(inventory.items, "serverextension", "Extensions of Jupyter Server"),
    ...packages(inventory.items),
    "## Layers",
    "",
    ...tableOf(
      ["#", "size", "unpacked", "files", "made", "digest", "made by"],
      image.layers.map(({ descriptor, history }, at) => [
        String(at + 1),
        bytes(descriptor.size),
        bytes(inventory.layers[at]?.bytes ?? 0),
        String(inventory.layers[at]?.files ?? 0),
        madeAt(history.created),
        descriptor.digest.slice(0, 19),
        madeBy(history.created_by).slice(0, 200),
      ]),
    ),
  ].join("\n")}\n`
}

/** The steps that made layers, as a Dockerfile would say them. Those of the base are left to it, where it is known which they are. */
function steps({ image }: Inspected, base: Base | undefined): readonly string[] {
  const unknown = base !== undefined && base.layers === undefined
  const lines = [
    ...(base === undefined ? [] : [`FROM ${base.name}`]),
    ...(unknown ? ["# Which of these are steps of the base cannot be seen."] : []),
    ...image.layers.slice(base?.layers ?? 0).map(({ history }) => stepLine(madeBy(history.created_by))),
  ]
  // A fence is longer than any run of its marks inside.
  const longest = Math.max(2, ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([marks]) => marks.length)))
  const fence = "`".repeat(longest + 1)
  return [`${fence}dockerfile`, ...lines, fence]
}

/** A step that is no instruction of a Dockerfile is a comment there. */
function stepLine(step: string): string {
  return /^(?:ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|RUN|USER|VOLUME|WORKDIR) /.test(step) ? step : `# ${step}`
}

function section(items: readonly Found[], kind: Found["kind"], title: string): readonly string[] {
  const found = items.filter((item) => item.kind === kind)
  if (found.length === 0) return []
  const rows = found.map((item) => {
    if (item.kind === "kernel") return [item.name, item.display, item.language]
    return [item.name, "version" in item ? (item.version ?? "") : "", ""]
  })
  const head = kind === "kernel" ? ["name", "shown as", "language"] : ["name", "version", ""]
  return [`## ${title}`, "", ...tableOf(head, rows), ""]
}

function packages(items: readonly Found[]): readonly string[] {
  const all = items.flatMap((item) => (item.kind === "package" ? [item] : []))
  return ecosystems.flatMap((ecosystem) => {
    const found = all.filter((one) => one.ecosystem === ecosystem)
    if (found.length === 0) return []
    const rows = found.map(({ name, version, licence, layer }) => [name, version, licence ?? "", String(layer + 1)])
    return [
      `## Packages of ${packageWords[ecosystem]} (${found.length})`,
      "",
      ...tableOf(["name", "version", "licence", "layer"], rows),
      "",
    ]
  })
}
