import { posix } from "node:path"
import type { FileKind } from "../host/files.ts"
import type { Host } from "../host/host.ts"
import { git, requireTrust } from "./git.ts"

type Door = Pick<Host, "run" | "env">

/** A commit that changed something. `date` is the committer's, as `2026-01-30`. */
export type Commit = { readonly commit: string; readonly date: string }

/** The commit in which a folder got another name. */
export type Renamed = { readonly commit: string; readonly from: string; readonly to: string }

export type Commits = {
  /** The oldest first; `paths` are the names that the folders had, in the order in which they were asked for. */
  readonly commits: readonly (Commit & { readonly paths: readonly string[] })[]
  /** The newest first. */
  readonly renamed: readonly Renamed[]
  /** Whether the clone lacks earlier commits. */
  readonly shallow: boolean
  /** Whether the repository has commits before these. */
  readonly isLater: boolean
}

/**
 * The commits on the way to the one that is checked out which changed something in some folders (relative to `folder`),
 * under the names that they had: a folder is followed by its file called `file`. Undefined without git or outside a
 * repository. Fails with `cannot` where git does not trust the folder.
 */
export async function commitsOf(
  folder: string,
  { paths, file }: { readonly paths: readonly string[]; readonly file: string },
  host: Door,
): Promise<Commits | undefined> {
  await requireTrust(folder, host)
  const shallow = await git(host, folder, ["rev-parse", "--is-shallow-repository"])
  if (shallow === undefined) return undefined
  const renames = await Promise.all(paths.map((path) => renamesOf(folder, { path, file }, host)))
  const names = [...new Set([...paths, ...renames.flat().map(({ from }) => from)])]
  const log =
    (await git(host, folder, ["log", "--first-parent", "-m", "--reverse", "--format=%H %cs", "--", ...names])) ?? ""
  const found = [...log.matchAll(/^([0-9a-f]{40,64}) (\S+)$/gm)].map(([, commit = "", date = ""]) => ({ commit, date }))
  const places = new Map(found.map(({ commit }, at) => [commit, at]))
  const nameAt = (at: number, asked: number): string =>
    // The oldest rename that is after it, else the name that the folder has now.
    renames[asked]?.findLast(({ commit }) => at < (places.get(commit) ?? 0))?.from ?? paths[asked] ?? ""
  const first = found[0]
  return {
    commits: found.map((one, at) => ({ ...one, paths: paths.map((_, asked) => nameAt(at, asked)) })),
    renamed: renames.flat(),
    shallow: shallow === "true",
    isLater:
      first !== undefined &&
      (await git(host, folder, ["rev-parse", "--verify", "--quiet", `${first.commit}^`])) !== undefined,
  }
}

/** How a folder was called before, the newest rename first, as far as git sees that its file was renamed with it. */
async function renamesOf(
  folder: string,
  { path, file }: { readonly path: string; readonly file: string },
  host: Door,
): Promise<readonly Renamed[]> {
  const log = await git(host, folder, [
    "log",
    "--first-parent",
    "-m",
    "--follow",
    "--relative",
    "--diff-filter=R",
    "--name-status",
    "-z",
    "--format=commit %H",
    "--",
    posix.join(path, file),
  ])
  return [...(log ?? "").matchAll(/commit ([0-9a-f]{40,64})\0\n?R\d+\0([^\0]+)\0([^\0]+)/g)]
    .filter(([, , from = "", to = ""]) => posix.basename(from) === file && posix.basename(to) === file)
    .map(([, commit = "", from = "", to = ""]) => ({ commit, from: posix.dirname(from), to: posix.dirname(to) }))
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
