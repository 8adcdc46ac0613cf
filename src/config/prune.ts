import { valueAt, type FlatIssue } from "./issues.ts"

/** Which images the taken-out parts belong to. */
export type Pruned = {
  /** Their rows or edges cannot be known: they are left alone, and so is what is built on them. */
  readonly broken: Set<string>
  /** Something was taken out, so that what is missing in them is no problem of its own. */
  readonly touched: Set<string>
}

/** Fields that decide which rows there are, how they are called, made and connected. */
const structural: ReadonlySet<string> = new Set([
  "from",
  "bootstrap",
  "dockerfile",
  "context",
  "target",
  "args",
  "environment",
  "matrix",
  "name",
  "prefix",
  "overrides",
  "platforms",
  "publish",
  "skip",
  "match",
])

type Fields = Record<string, unknown>

/** Takes out of the file what an issue is about, so that the rest can be judged. */
export function prune(root: Fields, issue: FlatIssue, pruned: Pruned): void {
  const [section, name, field] = issue.path.map(String)
  if (section === "images" && name !== undefined) pruned.touched.add(name)
  if (issue.kind === "unknown-keys") {
    const container = valueAt(root, issue.path) as Fields
    for (const key of issue.keys) delete container[key]
  } else if (section === undefined || section === "version") root["version"] = 1
  else if (section === "images") pruneImage(root, issue, pruned)
  else if (section === "defaults" && name !== undefined) delete (root["defaults"] as Fields)[name]
  else if (section === "secrets" && name !== undefined && field === undefined) delete (root["secrets"] as Fields)[name]
  else if (section === "secrets" && name !== undefined) (root["secrets"] as Fields)[name] = { file: "." }
  else delete root[section]
}

function pruneImage(root: Fields, { path, kind }: FlatIssue, { broken }: Pruned): void {
  const [, name, field, index, changed] = path.map(String)
  const images = root["images"]
  if (name === undefined || typeof images !== "object" || images === null) {
    root["images"] = {}
    return
  }
  const image = (images as Fields)[name]
  if (field === undefined || typeof image !== "object" || image === null) {
    if (kind === "key" || field === undefined) delete (images as Fields)[name]
    broken.add(name)
    return
  }
  const override = field === "overrides" && changed !== undefined && valueAt(image, ["overrides", Number(index)])
  if (typeof override === "object" && override !== null && !structural.has(changed ?? "")) {
    delete (override as Fields)[changed ?? ""]
    return
  }
  delete (image as Fields)[field]
  if (structural.has(field)) broken.add(name)
}
