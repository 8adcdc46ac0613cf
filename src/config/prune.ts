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

/** Takes out of the file what an issue is about, so that the rest can be judged. It may be gone already. */
export function prune(root: Fields, issue: FlatIssue, pruned: Pruned): void {
  const [section, name] = issue.path.map(String)
  if (section === "images" && name !== undefined) pruned.touched.add(name)
  if (issue.kind === "unknown-keys") for (const key of issue.keys) deleteIn(valueAt(root, issue.path), key)
  else if (section === undefined || section === "version") root["version"] = 1
  else if (section === "images") pruneImage(root, issue, pruned)
  else if (name !== undefined && (section === "defaults" || section === "secrets")) deleteIn(root[section], name)
  else delete root[section]
}

function pruneImage(root: Fields, { path }: FlatIssue, { broken }: Pruned): void {
  const [, name, field, index, changed] = path.map(String)
  const images = root["images"]
  if (name === undefined || !isMap(images)) {
    root["images"] = {}
    return
  }
  if (field === undefined) {
    deleteIn(images, name)
    broken.add(name)
    return
  }
  if (field === "overrides" && changed !== undefined && !structural.has(changed)) {
    deleteIn(valueAt(images, [name, "overrides", Number(index)]), changed)
    return
  }
  deleteIn(images[name], field)
  if (structural.has(field)) broken.add(name)
}

function deleteIn(container: unknown, key: string): void {
  if (isMap(container)) delete container[key]
}

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null
}
