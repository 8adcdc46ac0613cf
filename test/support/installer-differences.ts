import { posix } from "node:path"
import type { TreeFile } from "./installed-tree.ts"
import {
  both,
  bothTrue,
  called,
  imported,
  installers,
  isEntryScript,
  isOtherEasyInstall,
  promised,
  settings,
  text,
  type InstallerName,
  type Pair,
  type RowPair,
} from "./installer-rules.ts"
import { isForeignData, isInLib64, isSpacedCommand } from "./installer-odd-rules.ts"

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

export const executableScript: Difference = {
  what: "A script can be executed, whatever the archive says",
  why: "So does the specification, and uv; pip leaves the mode that the archive has.",
  from: ["pip"],
}

export const executableRecord: Difference = {
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
    rows: (row) => row.path.endsWith(".dist-info/INSTALLER") && bothTrue(row),
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
    rows: (row) => isEntryScript(row) && bothTrue(row),
  },
  {
    what: "A script keeps what stands behind `#!python`",
    why: "It is a part of the script, such as `-E`, and the specification has only the interpreter replaced; pip and uv drop it.",
    from: installers,
    covers: ({ path, ours, theirs, environment }) => {
      const [first = "", ...rest] = text(ours).split("\n")
      const [, interpreter = ""] = /^(#!\S+) \S/.exec(first) ?? []
      const other = text(theirs).replaceAll(environment, "/opt/env")
      return path.startsWith("bin/") && interpreter !== "" && [interpreter, ...rest].join("\n") === other
    },
    rows: (row) => /^#!\S+ \S/.test(text(row.trees.ours.get(row.file))) && bothTrue(row),
  },
  {
    what: "A script that an entry point stands for has no row in `RECORD`",
    why: "It is not installed, by nobody; pip and uv keep its row.",
    from: installers,
    rows: ({ path, ours, trees }) => {
      const [, script = ""] = /^[^/]+\.data\/scripts\/([^/]+)$/.exec(path) ?? []
      return ours === undefined && imported(trees.ours.get(`bin/${script}`)) !== undefined
    },
  },
  {
    what: "`RECORD` has a row for its signature",
    why: "The file `RECORD.jws` is there; uv leaves its row out.",
    from: ["uv"],
    rows: ({ path, file, theirs, trees }) =>
      theirs === undefined && /\.dist-info\/RECORD\.(?:jws|p7s)$/.test(path) && trees.ours.has(file),
  },
  {
    what: "The commands of `easy_install` are named after the target's Python",
    why: "pip does so too; an old setuptools names them after the Python that its wheel was built with.",
    from: ["uv"],
    covers: ({ path, ours, theirs, trees }) => {
      if (!isOtherEasyInstall(path, { ours, theirs, trees })) return false
      // It does what `easy_install` does in the same environment.
      const tree = ours === undefined ? trees.theirs : trees.ours
      return text(ours ?? theirs) === text(tree.get("bin/easy_install")) && called(ours ?? theirs) === "main()"
    },
    rows: ({ file, ours, theirs, trees }) => isOtherEasyInstall(file, { ours, theirs, trees }),
  },
  {
    what: "No activation scripts, no `.gitignore`, no `.lock` and no `CACHEDIR.TAG` in the environment",
    why: "`PATH` and `VIRTUAL_ENV` are set in the image, so nothing has to be activated, and nothing is a cache.",
    from: installers,
    covers: ({ path, ours }) =>
      ours === undefined &&
      /^(?:bin\/(?:(?:activate|Activate)(?:\.(?:bat|csh|fish|nu|ps1))?|activate_this\.py|deactivate\.(?:bat|nu)|pydoc\.bat)|\.gitignore|\.lock|CACHEDIR\.TAG)$/.test(
        path,
      ),
  },
  {
    what: "`pyvenv.cfg` has no `command`, `prompt` and `uv`",
    why: "They say which program made the environment on which machine; Python reads none of them.",
    from: installers,
    covers: ({ path, ours, theirs }) => {
      if (path !== "pyvenv.cfg" || !both(ours, theirs)) return false
      const [mine, other] = [settings(text(ours)), settings(text(theirs))]
      for (const key of ["command", "prompt", "uv"]) other.delete(key)
      // The interpreter of our image is Debian's, and theirs is this machine's, of the same version.
      const [own = "", machine = ""] = [mine.get("executable"), other.get("executable")]
      const isOurs = /^\/usr\/bin\/python3\.\d+$/.test(own) && mine.get("home") === posix.dirname(own)
      if (!isOurs || other.get("home") === undefined) return false
      if (machine !== "" && posix.basename(machine) !== posix.basename(own)) return false
      for (const each of [mine, other]) for (const key of ["home", "executable"]) each.delete(key)
      return JSON.stringify([...mine].sort()) === JSON.stringify([...other].sort())
    },
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
  {
    what: "Data files of `lib64/` have a row of `RECORD` in `lib/`",
    why: "That is where they are: `lib64` is a link in a venv, and a conda environment has none.",
    from: installers,
    rows: (row) => isInLib64(row.file, row, row.trees),
  },
  {
    what: "`purelib` and `platlib` of a `.data` folder with another name go to site-packages",
    why: "pip does so too; uv leaves that folder as it is.",
    from: ["uv"],
    covers: (pair) => isForeignData(pair.path, pair, pair.trees),
    rows: (row) => isForeignData(row.file, row, row.trees),
  },
  {
    what: "A command keeps the blanks in its name",
    why: "uv does so too; pip makes one that is named by the last word.",
    from: ["pip"],
    covers: (pair) => isSpacedCommand(pair.path, pair, pair.trees),
    rows: (row) => isSpacedCommand(row.file, row, row.trees),
  },
  executableScript,
  executableRecord,
]

type DirectUrl = {
  readonly url?: string
  readonly archive_info?: { readonly hashes?: { readonly sha256?: string } }
}

function jsonOf(file: TreeFile | undefined): DirectUrl {
  return JSON.parse(text(file)) as DirectUrl
}
