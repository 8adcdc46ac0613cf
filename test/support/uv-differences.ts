/** A file of an environment: ours and uv's. */
export type Pair = { readonly path: string; readonly ours: Buffer | undefined; readonly theirs: Buffer | undefined }

/** A way in which our environments differ from those of `uv pip install`, on purpose. */
export type Difference = {
  readonly what: string
  readonly why: string
  /** True when a differing pair is of this kind, and as it should be. */
  readonly covers: (pair: Pair) => boolean
}

/** All of them. A difference that none of these covers fails the test; one that covers nothing does too. */
export const uvDifferences: readonly Difference[] = [
  {
    what: "`INSTALLER` says `nbstacks`",
    why: "The specification wants the name of the tool that installed; pip and uv write their own.",
    covers: ({ path, ours, theirs }) =>
      path.endsWith(".dist-info/INSTALLER") && text(ours) === "nbstacks\n" && text(theirs) === "uv",
  },
  {
    what: "The scripts of entry points have another text",
    why: "Ours is for Linux only, so the part that takes `.exe` off the name is missing; what is called is the same.",
    covers: ({ path, ours, theirs }) =>
      path.startsWith("bin/") &&
      imported(ours) !== undefined &&
      imported(ours) === imported(theirs) &&
      called(ours) === called(theirs),
  },
  {
    what: "`RECORD` has other hashes for these files",
    why: "It is true: it has the hashes of what is there. All other rows are the same.",
    covers: ({ path, ours, theirs }) => path.endsWith(".dist-info/RECORD") && sameRows(text(ours), text(theirs)),
  },
  {
    what: "No activation scripts, no `.gitignore`, no `.lock` and no `CACHEDIR.TAG` in the environment",
    why: "`PATH` and `VIRTUAL_ENV` are set in the image, so nothing has to be activated, and nothing is a cache.",
    covers: ({ path, ours }) =>
      ours === undefined &&
      /^(?:bin\/(?:activate|Activate|deactivate|pydoc)[^/]*|\.gitignore|\.lock|CACHEDIR\.TAG)$/.test(path),
  },
  {
    what: "`pyvenv.cfg` has no `command`, `prompt` and `uv`",
    why: "They say which program made the environment on which machine; Python reads none of them.",
    covers: ({ path, ours, theirs }) =>
      path === "pyvenv.cfg" &&
      ours !== undefined &&
      theirs !== undefined &&
      text(ours).includes("include-system-site-packages = false"),
  },
]

/** The page `docs/reference/differences-from-uv.md`. */
export function differencesPage(): string {
  return [
    "# Differences from `uv pip install`",
    "",
    "An environment that nbstacks makes has the files of `uv pip install`, byte for byte, but for what stands here.",
    "A test installs real wheels with both, and fails on a difference that is not listed, and on a listed one that is none.",
    "Modes are those of uv with write permission for the group (0664, 0775; folders 2775), owned by 1000:100.",
    "This page is written from that test's table (`test/support/uv-differences.ts`).",
    "",
    ...uvDifferences.map(({ what, why }) => `- **${what}.** ${why}`),
    "",
  ].join("\n")
}

function text(bytes: Buffer | undefined): string {
  return bytes?.toString("utf8") ?? ""
}

function imported(bytes: Buffer | undefined): string | undefined {
  return /^from \S+ import \S+$/m.exec(text(bytes))?.[0]
}

function called(bytes: Buffer | undefined): string | undefined {
  return /^ +sys\.exit\((.*)\)$/m.exec(text(bytes))?.[1]
}

/** Rows of scripts and of INSTALLER are compared by path; all others whole. */
function sameRows(ours: string, theirs: string): boolean {
  const rows = (record: string): string =>
    record
      .split(/\r?\n/)
      .filter((row) => row !== "")
      .map((row) =>
        /^(?:\.\.\/\.\.\/\.\.\/bin\/|[^,]*\.dist-info\/INSTALLER,)/.test(row) ? (row.split(",")[0] ?? "") : row,
      )
      .sort()
      .join("\n")
  return rows(ours) === rows(theirs)
}
