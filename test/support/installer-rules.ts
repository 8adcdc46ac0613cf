import { posix } from "node:path"
import type { TreeFile } from "./installed-tree.ts"

/** The installers that we compare with. */
export const installers = ["pip", "uv"] as const
export type InstallerName = (typeof installers)[number]

/** A file of an environment that differs: ours and the other installer's. */
export type Pair = {
  readonly path: string
  readonly ours: TreeFile | undefined
  readonly theirs: TreeFile | undefined
  readonly name: InstallerName
  /** Where theirs is on this machine; ours is at `/opt/env`. */
  readonly environment: string
  /** Both whole, for differences that are about several files. */
  readonly trees: Trees
}

export type Trees = { readonly ours: ReadonlyMap<string, TreeFile>; readonly theirs: ReadonlyMap<string, TreeFile> }

/** A row of RECORD, by its path: ours and the other installer's. */
export type RowPair = {
  readonly path: string
  readonly ours: string | undefined
  readonly theirs: string | undefined
  readonly trees: Trees
  /** Where the row's file is in an environment. */
  readonly file: string
}

/** Byte for byte, so that what is no UTF-8 is not made equal. */
export function text(file: TreeFile | undefined): string {
  return file?.content?.toString("latin1") ?? ""
}

/** The lines of a `pyvenv.cfg`. */
export function settings(config: string): Map<string, string> {
  return new Map(
    config
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [key = "", ...value] = line.split("=")
        return [key.trim(), value.join("=").trim()]
      }),
  )
}

/** True when each row has the hash and the size of the file that is there, unless another distribution brought that one. */
export function bothTrue({ ours, theirs, trees, file }: RowPair): boolean {
  const isTrue = (row: string | undefined, tree: ReadonlyMap<string, TreeFile>): boolean => {
    const found = tree.get(file)
    const [, digest = ""] = /,sha256=([^,]+),\d+$/.exec(row ?? "") ?? []
    const hex = Buffer.from(digest, "base64url").toString("hex")
    return found !== undefined && (found.sha256 === hex || promised(tree, file).length > 1)
  }
  return isTrue(ours, trees.ours) && isTrue(theirs, trees.theirs)
}

export function isEntryScript({ path, file, trees }: RowPair): boolean {
  return path.startsWith("../../../bin/") && imported(trees.ours.get(file)) !== undefined
}

/** An `easy_install-3.N` that one of them lacks: ours is named after the target's Python, theirs after another. */
export function isOtherEasyInstall(
  path: string,
  { ours, theirs, trees }: { readonly ours: unknown; readonly theirs: unknown; readonly trees: Trees },
): boolean {
  const [, minor] = /^bin\/easy_install-(3\.\d+)$/.exec(path) ?? []
  const isTargets =
    settings(text(trees.ours.get("pyvenv.cfg")))
      .get("version")
      ?.startsWith(`${minor}.`) === true
  return minor !== undefined && (isTargets ? theirs === undefined : ours === undefined) && ours !== theirs
}

export function imported(file: TreeFile | undefined): string | undefined {
  return /^from \S+ import \S+$/m.exec(text(file))?.[0]
}

export function called(file: TreeFile | undefined): string | undefined {
  return /^ +sys\.exit\((.*)\)$/m.exec(text(file))?.[1]
}

/** The hashes that RECORDs of an environment have for a path, in the order of their distributions' names. */
export function promised(tree: ReadonlyMap<string, TreeFile>, path: string): readonly string[] {
  const records = [...tree]
    .filter(([one]) => one.endsWith(".dist-info/RECORD"))
    .sort(([a], [b]) => (normalised(a) < normalised(b) ? -1 : 1))
  return records.flatMap(([at, record]) => {
    const site = posix.dirname(posix.dirname(at))
    return text(record)
      .split("\n")
      .flatMap((row) => {
        const [, file = "", digest = ""] = /^([^,"]+),sha256=([^,]+),/.exec(row) ?? []
        return posix.join(site, file) === path ? [Buffer.from(digest, "base64url").toString("hex")] : []
      })
  })
}

function normalised(record: string): string {
  return (/([^/]+)-[^-]+\.dist-info\/RECORD$/.exec(record)?.[1] ?? "").toLowerCase().replace(/[-_.]+/g, "-")
}

export function both(ours: unknown, theirs: unknown): boolean {
  return ours !== undefined && theirs !== undefined
}
