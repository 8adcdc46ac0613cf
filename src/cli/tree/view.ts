import type { Config, Row } from "../../config/row.ts"
import { count } from "../../report/format.ts"
import { columns } from "../columns.ts"
import type { Colors } from "../io.ts"

/** Rows below what they are built on, with how they are made. */
export function treeText(config: Config, colors: Colors): string {
  const { rows, skipped } = config
  const children = Map.groupBy(rows, ({ parent }) => (parent.kind === "row" ? parent.id : ""))
  const lines: [string, string][] = []
  const walk = (row: Row, lead: string, branch: string): void => {
    lines.push([`${lead}${branch}${row.id}`, said(describe(row), colors)])
    const below = children.get(row.id) ?? []
    const next = lead + (branch === "" ? "" : branch === "└─ " ? "   " : "│  ")
    for (const [index, child] of below.entries()) walk(child, next, index === below.length - 1 ? "└─ " : "├─ ")
  }
  for (const root of children.get("") ?? []) walk(root, "", "")
  const text = columns(lines)
  const left = skipped.map(({ id, reason }) => `${id}  ${colors.dim(`skip: ${reason}`)}`)
  const images = new Set(rows.map(({ key }) => key)).size
  const total = `${count(rows.length, "row")} of ${count(images, "image")}${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}.`
  return `${[...text, ...(left.length > 0 ? ["", ...left] : []), "", total].join("\n")}\n`
}

/** Nothing is not coloured either. */
function said(text: string, colors: Colors): string {
  return text === "" ? "" : colors.dim(text)
}

function describe(row: Row): string {
  const facts = [from(row), made(row)].filter((fact) => fact !== "")
  if (row.files.length > 0) facts.push(count(row.files.length, "file rule"))
  if (row.platforms.join() !== "linux/amd64") facts.push(row.platforms.join(" "))
  if (row.publish !== "together") facts.push({ alone: "published alone", never: "a parent only" }[row.publish])
  return facts.join(", ")
}

function from({ parent }: Row): string {
  return parent.kind === "external" ? `from ${parent.reference}` : ""
}

function made({ make }: Row): string {
  switch (make.kind) {
    case "bootstrap":
      return `Debian ${make.suite}, ${count(make.packages.length, "package")}`
    case "dockerfile":
      return make.file.value
    case "environment":
      return `environment ${make.folders.map(({ value }) => value).join(", ")}`
    case "none":
      return ""
  }
}

/** The rows for a program; `image` is the row's name, `name` that of its image in nbstacks.yaml. */
export function treeJson({ rows, skipped, registry }: Config): object {
  return {
    registry: registry ?? null,
    images: rows.map((row) => ({
      image: row.id,
      name: row.key,
      repository: row.repository,
      prefix: row.prefix,
      from: row.parent.kind === "row" ? row.parent.id : row.parent.kind === "external" ? row.parent.reference : null,
      made: row.make.kind,
      axes: row.axes,
      platforms: row.platforms,
      publish: row.publish,
    })),
    skipped: skipped.map(({ id, reason }) => ({ image: id, reason })),
  }
}
