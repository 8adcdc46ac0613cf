import { posix } from "node:path"
import type { TreeFile } from "./installed-tree.ts"
import { differences, executableRecord, executableScript } from "./installer-differences.ts"
import { both, bothTrue, text, type InstallerName, type Pair, type RowPair, type Trees } from "./installer-rules.ts"

/** Lists how two environments differ: the differences of the table that were met, and paths that none of them covers. */
export function compareTrees(
  ours: ReadonlyMap<string, TreeFile>,
  theirs: ReadonlyMap<string, TreeFile>,
  { name, environment }: { readonly name: InstallerName; readonly environment: string },
): { readonly covered: ReadonlySet<string>; readonly unlisted: readonly string[] } {
  const covered = new Set<string>()
  const unlisted: string[] = []
  for (const path of [...new Set([...ours.keys(), ...theirs.keys()])].sort()) {
    const [mine, other] = [ours.get(path), theirs.get(path)]
    if (mine?.kind === "directory" || other?.kind === "directory") {
      if (mine?.kind === other?.kind) {
        if (mine?.mode !== 0o2775) unlisted.push(`${path}: mode ${mine?.mode.toString(8)}`)
        continue
      }
    }
    if (/^bin\/python(?:3(?:\.\d+)?)?$|^lib64$/.test(path)) {
      // Which interpreter they lead to in the end differs; that they are links does not.
      if (mine?.kind !== "symlink" || other?.kind !== "symlink") unlisted.push(`${path}: no link`)
      continue
    }
    if (mine?.kind === "file" && other?.kind === "file") {
      const mode = other.mode % 2 === 1 ? 0o775 : 0o664
      const isUvsRecord = name === "uv" && path.endsWith(".dist-info/RECORD") && mine.mode === 0o664
      if (mine.mode !== mode && isUvsRecord) covered.add(executableRecord.what)
      else if (mine.mode !== mode && name === "pip" && path.startsWith("bin/") && mine.mode === 0o775)
        covered.add(executableScript.what)
      else if (mine.mode !== mode)
        unlisted.push(`${path}: mode ${mine.mode.toString(8)} instead of ${mode.toString(8)}`)
      if (mine.sha256 === other.sha256) continue
      if (isSameScript(path, { ours, theirs }, environment)) continue
    }
    const trees: Trees = { ours, theirs }
    const pair: Pair = { path, ours: mine, theirs: other, name, environment, trees }
    if (path.endsWith(".dist-info/RECORD") && both(mine, other)) {
      const site = posix.dirname(posix.dirname(path))
      for (const differing of differingRows(text(mine), text(other))) {
        const row: RowPair = { ...differing, trees, file: posix.join(site, differing.path.replace(/^"|"$/g, "")) }
        if (isSameScript(row.file, trees, environment) && bothTrue(row)) continue
        const difference = differences.find((one) => one.from.includes(name) && one.rows?.(row) === true)
        if (difference === undefined) unlisted.push(`${path}: ${row.ours} instead of ${row.theirs}`)
        else covered.add(difference.what)
      }
      continue
    }
    const difference = differences.find((one) => one.from.includes(name) && one.covers?.(pair) === true)
    if (difference === undefined)
      unlisted.push(`${path}: ${mine === undefined ? "not ours" : other === undefined ? "ours only" : "other bytes"}`)
    else covered.add(difference.what)
  }
  return { covered, unlisted }
}

/** Where the environment is stands in scripts: ours is at `/opt/env`. */
function isSameScript(path: string, { ours, theirs }: Trees, environment: string): boolean {
  const [mine, other] = [text(ours.get(path)), text(theirs.get(path))]
  return path.startsWith("bin/") && mine !== "" && other.replaceAll(environment, "/opt/env") === mine
}

/** The rows of two RECORDs that are not the same, by path. Their order does not count. */
function differingRows(ours: string, theirs: string): readonly Pick<RowPair, "path" | "ours" | "theirs">[] {
  const byPath = (record: string): ReadonlyMap<string, string> =>
    new Map(
      record
        .split(/\r?\n/)
        .filter((row) => row !== "")
        .map((row) => [/^("(?:[^"]|"")*"|[^,]*),/.exec(row)?.[1] ?? row, row]),
    )
  const [mine, other] = [byPath(ours), byPath(theirs)]
  return [...new Set([...mine.keys(), ...other.keys()])]
    .filter((path) => mine.get(path) !== other.get(path))
    .map((path) => ({ path, ours: mine.get(path), theirs: other.get(path) }))
}
