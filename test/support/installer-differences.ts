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
  /** Both whole, for differences that are about several files. */
  readonly trees: { readonly ours: ReadonlyMap<string, TreeFile>; readonly theirs: ReadonlyMap<string, TreeFile> }
}

/** A way in which our environments differ, on purpose. */
export type Difference = {
  readonly what: string
  readonly why: string
  /** From whom. */
  readonly from: readonly InstallerName[]
  /** From whom it is a matter of chance, so that there may be none. */
  readonly byChance?: readonly InstallerName[]
  /** True when a differing pair of files is of this kind, and as it should be. */
  readonly covers?: (pair: Pair) => boolean
  /** The same for two rows of a RECORD that have one path; a row that one of them lacks is `undefined`. */
  readonly rows?: (pair: RowPair) => boolean
}

/** A row of RECORD, by its path: ours and the other installer's. */
export type RowPair = { readonly path: string; readonly ours: string | undefined; readonly theirs: string | undefined }

const executableRecord: Difference = {
  what: "`RECORD` is never executable",
  why: "uv writes it over the archive's, and keeps that one's mode.",
  from: ["uv"],
}

/** All of them. A difference that none of these covers fails the test; one that covers nothing does too. */
export const differences: readonly Difference[] = [
  {
    what: "`INSTALLER` says `nbstacks`",
    why: "The specification wants the name of the tool that installed; pip and uv write their own.",
    from: installers,
    covers: ({ path, ours, theirs, name }) =>
      path.endsWith(".dist-info/INSTALLER") && text(ours) === "nbstacks\n" && text(theirs).trim() === name,
    rows: ({ path, ours, theirs }) => both(ours, theirs) && path.endsWith(".dist-info/INSTALLER"),
  },
  {
    what: "The scripts of entry points have another text",
    why: "Ours is for Linux only, so the part that takes `.exe` off the name is missing; what is called is the same.",
    from: installers,
    covers: ({ path, ours, theirs }) =>
      path.startsWith("bin/") &&
      imported(ours) !== undefined &&
      imported(ours) === imported(theirs) &&
      called(ours) === called(theirs),
    rows: ({ path, ours, theirs }) => both(ours, theirs) && path.startsWith("../../../bin/"),
  },
  {
    what: "A script that an entry point stands for has no row in `RECORD`",
    why: "It is not installed, by nobody; pip and uv keep its row.",
    from: installers,
    rows: ({ path, ours }) => ours === undefined && /^[^/]+\.data\/scripts\//.test(path),
  },
  {
    what: "`RECORD` has a row for its signature",
    why: "The file `RECORD.jws` is there; uv leaves its row out.",
    from: ["uv"],
    rows: ({ path, theirs }) => theirs === undefined && /\.dist-info\/RECORD\.(?:jws|p7s)$/.test(path),
  },
  {
    what: "The commands of `easy_install` are named after the target's Python",
    why: "pip does so too; an old setuptools names them after the Python that its wheel was built with.",
    from: ["uv"],
    covers: ({ path }) => /^bin\/easy_install-3\.\d+$/.test(path),
    rows: ({ path }) => /\/bin\/easy_install-3\.\d+$/.test(path),
  },
  {
    what: "No activation scripts, no `.gitignore`, no `.lock` and no `CACHEDIR.TAG` in the environment",
    why: "`PATH` and `VIRTUAL_ENV` are set in the image, so nothing has to be activated, and nothing is a cache.",
    from: installers,
    covers: ({ path, ours }) =>
      ours === undefined &&
      /^(?:bin\/(?:activate|Activate|deactivate|pydoc)[^/]*|\.gitignore|\.lock|CACHEDIR\.TAG)$/.test(path),
  },
  {
    what: "`pyvenv.cfg` has no `command`, `prompt` and `uv`",
    why: "They say which program made the environment on which machine; Python reads none of them.",
    from: installers,
    covers: ({ path, ours, theirs }) =>
      path === "pyvenv.cfg" && theirs !== undefined && text(ours).includes("include-system-site-packages = false"),
  },
  {
    what: "A file that several wheels bring is that of the last name",
    why: "pip takes the one that it installs last, uv the one that comes last in time; ours is the same each time, and reported.",
    from: installers,
    byChance: ["uv"],
    covers: ({ path, ours, theirs, trees }) => {
      const wanted = promised(trees.ours, path)
      return wanted.length > 1 && wanted.at(-1) === ours?.sha256 && wanted.includes(theirs?.sha256 ?? "")
    },
  },
  {
    what: "Folders that are empty in a wheel are not made",
    why: "pip does not make them either; nothing in RECORD says whose they are.",
    from: ["uv"],
    covers: ({ path, ours, theirs, trees }) =>
      ours === undefined &&
      theirs?.kind === "directory" &&
      ![...trees.theirs].some(([one, { kind }]) => one.startsWith(`${path}/`) && kind !== "directory"),
  },
  {
    what: "No `uv_cache.json`",
    why: "uv notes there when a wheel of a local folder was changed; ours are known by their hash.",
    from: ["uv"],
    covers: ({ path, ours }) => ours === undefined && path.endsWith(".dist-info/uv_cache.json"),
    rows: ({ path, ours }) => ours === undefined && path.endsWith(".dist-info/uv_cache.json"),
  },
  {
    what: "`direct_url.json` has the hash",
    why: "For a wheel from a URL the specification wants it; pip writes it too, in the same bytes. uv leaves `archive_info` empty.",
    from: ["uv"],
    covers: ({ path, ours, theirs }) =>
      path.endsWith(".dist-info/direct_url.json") &&
      both(ours, theirs) &&
      jsonOf(ours).url === jsonOf(theirs).url &&
      /^[0-9a-f]{64}$/.test(jsonOf(ours).archive_info?.hashes?.sha256 ?? "") &&
      JSON.stringify(jsonOf(theirs).archive_info) === "{}",
    rows: ({ path, ours, theirs }) => both(ours, theirs) && path.endsWith(".dist-info/direct_url.json"),
  },
  executableRecord,
]

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
      else if (mine.mode !== mode)
        unlisted.push(`${path}: mode ${mine.mode.toString(8)} instead of ${mode.toString(8)}`)
      // Where the environment is stands in scripts: ours is at /opt/env.
      if (mine.sha256 === other.sha256) continue
      if (path.startsWith("bin/") && text(other).replaceAll(environment, "/opt/env") === text(mine)) continue
    }
    const pair: Pair = { path, ours: mine, theirs: other, name, trees: { ours, theirs } }
    if (path.endsWith(".dist-info/RECORD") && both(mine, other)) {
      for (const row of differingRows(text(mine), text(other))) {
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

type DirectUrl = {
  readonly url?: string
  readonly archive_info?: { readonly hashes?: { readonly sha256?: string } }
}

function jsonOf(file: TreeFile | undefined): DirectUrl {
  return JSON.parse(text(file)) as DirectUrl
}

/** The page `docs/reference/differences-from-pip-and-uv.md`. */
export function differencesPage(): string {
  return [
    "# Differences from pip and uv",
    "",
    "An environment that nbstacks makes has the files of `pip install --no-compile` and of `uv pip install`, byte for byte, but for what stands here.",
    "A test installs more than 500 real wheels with all three, and fails on a difference that is not listed, and on a listed one that is none.",
    "Modes are those of pip and uv with write permission for the group (0664, 0775; folders 2775), owned by 1000:100.",
    "This page is written from that test's table (`test/support/installer-differences.ts`).",
    "",
    ...differences.map(({ what, why, from }) => `- **${what}** (${from.join(" and ")}). ${why}`),
    "",
    "## What pip and uv install and nbstacks refuses",
    "",
    "- **A wheel that is not what its `RECORD` says.** So does the specification; pip and uv do not compare. `debugpy` 1.6.5 is one.",
    "- **A wheel that two programs could read in two ways**: bytes of no member, headers that disagree, names that differ in case only.",
    "- **Packages from a folder or a repository, source distributions, and URLs with a login, a query or no hash.** A lock names wheels by their hashes.",
    "- **A file that would replace a part of the environment**, such as `bin/python`, or that is a folder of another package.",
    "- **Another version than the parent's**, unless `replace: true` is set.",
    "",
  ].join("\n")
}

/** Byte for byte, so that what is no UTF-8 is not made equal. */
function text(file: TreeFile | undefined): string {
  return file?.content?.toString("latin1") ?? ""
}

function imported(file: TreeFile | undefined): string | undefined {
  return /^from \S+ import \S+$/m.exec(text(file))?.[0]
}

function called(file: TreeFile | undefined): string | undefined {
  return /^ +sys\.exit\((.*)\)$/m.exec(text(file))?.[1]
}

/** The hashes that RECORDs of an environment have for a path, in the order of their distributions' names. */
function promised(tree: ReadonlyMap<string, TreeFile>, path: string): readonly string[] {
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

function both(ours: unknown, theirs: unknown): boolean {
  return ours !== undefined && theirs !== undefined
}

/** The rows of two RECORDs that are not the same, by path. Their order does not count. */
function differingRows(ours: string, theirs: string): readonly RowPair[] {
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
