import { posix } from "node:path"
import type { FileKind } from "../host/files.ts"
import type { Host } from "../host/host.ts"
import { git, requireTrust } from "./git.ts"

type Door = Pick<Host, "run" | "env">

/** A commit that changed something. `date` is the committer's, as `2026-01-30`. */
export type Commit = { readonly commit: string; readonly date: string }

export type Commits = {
  /** The oldest first. */
  readonly commits: readonly Commit[]
  /** Whether the clone lacks earlier commits. */
  readonly shallow: boolean
}

/**
 * The commits on the way to the one that is checked out which changed something at some paths (relative to the folder).
 * Undefined without git or outside a repository. Fails with `cannot` where git does not trust the folder.
 */
export async function commitsOf(folder: string, paths: readonly string[], host: Door): Promise<Commits | undefined> {
  await requireTrust(folder, host)
  const shallow = await git(host, folder, ["rev-parse", "--is-shallow-repository"])
  if (shallow === undefined) return undefined
  const log =
    (await git(host, folder, ["log", "--first-parent", "-m", "--reverse", "--format=%H %cs", "--", ...paths])) ?? ""
  const commits = [...log.matchAll(/^([0-9a-f]{40,64}) (\S+)$/gm)].map(([, commit = "", date = ""]) => ({
    commit,
    date,
  }))
  return { commits, shallow: shallow === "true" }
}

/** The files of a commit, as a folder's view gives those of this machine; paths are relative to the folder. */
export type CommitFiles = {
  readonly list: (path: string) => Promise<readonly { readonly name: string; readonly kind: FileKind }[] | undefined>
  readonly kindOf: (path: string) => Promise<FileKind | undefined>
  /** A link in the repository is followed. */
  readonly text: (path: string) => Promise<string | undefined>
}

const kinds: Readonly<Record<string, FileKind>> = { "040000": "directory", "120000": "link", "160000": "other" }
/** Links that are followed at most. */
const mostLinks = 8

/** Looks at a commit without checking it out. */
export function filesOf(folder: string, commit: string, host: Door): CommitFiles {
  const nameOf = (path: string): string => `${commit}:./${path}`
  const list: CommitFiles["list"] = async (path) => {
    const listed = await git(host, folder, ["ls-tree", "-z", nameOf(path)])
    return listed?.split("\0").flatMap((line) => {
      const entry = /^(\d{6}) \w+ [0-9a-f]+\t(.+)$/s.exec(line)
      return entry === null ? [] : [{ name: entry[2] ?? "", kind: kinds[entry[1] ?? ""] ?? "file" }]
    })
  }
  const kindOf: CommitFiles["kindOf"] = async (path) => {
    if (path === "") return "directory"
    const slash = path.lastIndexOf("/")
    const beside = await list(slash === -1 ? "" : path.slice(0, slash))
    return beside?.find(({ name }) => name === path.slice(slash + 1))?.kind
  }
  const text = async (path: string, links = 0): Promise<string | undefined> => {
    const kind = await kindOf(path)
    if (kind !== "file" && kind !== "link") return undefined
    const content = await git(host, folder, ["show", nameOf(path)])
    if (kind === "file" || content === undefined) return content
    const target = posix.join(posix.dirname(path), content)
    return links >= mostLinks || target.startsWith("..") ? undefined : await text(target, links + 1)
  }
  return { list, kindOf, text: (path) => text(path) }
}
