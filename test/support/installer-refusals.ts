import { createHash } from "node:crypto"
import { gzipSync } from "node:zlib"
import { archiveOf } from "./layers.ts"
import { installers, type InstallerName } from "./installer-rules.ts"
import { hostileWheels } from "./hostile-wheels.ts"
import { wheelOf, type TestWheel } from "./wheels.ts"

type Offered = Pick<TestWheel, "filename" | "bytes">

/** Something that pip and uv install, and we do not. */
export type RefusalCase = {
  readonly what: string
  /** What may be installed, beside what `wheels/NAME.txt` names if `list` is set. */
  readonly offered: readonly Offered[]
  readonly list?: "refused"
  /** A lock that is installed first, into the parent. */
  readonly before?: string
  /** What is installed; `$WHEELS` stands for the folder of what is offered. */
  readonly lock: string
  /** Other options for pip and uv than `--require-hashes --only-binary :all:`. */
  readonly options?: readonly string[]
  /** A part of our sentence. */
  readonly says: string
}

/** A bullet of the page, and the cases that prove it. */
export type Refusal = {
  readonly what: string
  readonly why: string
  /** Who installs each of the cases; the others refuse each of them too. */
  readonly from: readonly InstallerName[]
  readonly cases: readonly RefusalCase[]
}

function lockOf(name: string, { sha256 }: TestWheel, version = "1.0"): string {
  return `${name}==${version} --hash=sha256:${sha256}\n`
}

/** One of the wheels that `native-hostile.test.ts` shows to be refused, with nothing written. */
function hostile(what: string): RefusalCase {
  const found = hostileWheels[what]
  if (found === undefined) throw new Error(`no hostile wheel has ${what}`)
  const wheel = found.make()
  return { what: `a wheel with ${what}`, offered: [wheel], lock: lockOf("demo", wheel), says: found.why }
}

const demo = wheelOf({ name: "demo", version: "1.0" })
const newer = wheelOf({ name: "demo", version: "2.0" })

/** A source distribution that builds itself from the wheel in it: it needs nothing from an index. PEP 517, `backend-path`. */
const source: Offered = {
  filename: "demo-1.0.tar.gz",
  bytes: gzipSync(
    archiveOf({
      "demo-1.0/PKG-INFO": "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
      "demo-1.0/pyproject.toml": `[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n`,
      "demo-1.0/backend.py": `import base64, os
def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open(os.path.join(folder, "${demo.filename}"), "wb") as file:
        file.write(base64.b64decode("${demo.bytes.toString("base64")}"))
    return "${demo.filename}"
`,
    }),
  ),
}

const fromAnywhere = { offered: [demo, source], options: [], says: "demo comes from a file of this machine" } as const

/** All of them, in the order of the page. */
export const refusals: readonly Refusal[] = [
  {
    what: "A wheel that is not what its `RECORD` says",
    why: "So does the specification; pip and uv do not compare. `debugpy` 1.6.5 is one.",
    from: installers,
    cases: [
      ...[
        "another hash in RECORD",
        "another size in RECORD",
        "a file that RECORD lacks",
        "MD5 in RECORD",
        "a script that does not match its RECORD",
      ].map(hostile),
      { what: "debugpy 1.6.5", offered: [], list: "refused", lock: "", says: "has another size than its RECORD says" },
    ],
  },
  {
    what: "A wheel that two programs could read in two ways",
    why: "Bytes of no member, headers that disagree, ends of an archive in its comments, and names beyond ASCII that are not said to be UTF-8.",
    from: ["pip"],
    cases: [
      "a zip64 end for part of it in its last comment",
      "a name in no known characters",
      "a hidden member between two",
      "bytes after a stream",
      "another local CRC",
      "a data descriptor that disagrees",
      "bytes after its end",
    ].map(hostile),
  },
  {
    what: "A member with another name in an extra field",
    why: "Some programs unpack it under that one.",
    from: installers,
    cases: [hostile("another name in an extra field")],
  },
  {
    what: "A wheel with two members for one file, or with names that differ in case or Unicode form only",
    why: "Which of them counts would depend on the installer, or on the file system.",
    from: installers,
    cases: [
      "a duplicate",
      "two members for one path",
      "a case collision",
      "a name that differs in its Unicode form only",
    ].map(hostile),
  },
  {
    what: "A member that is no plain file with a plain name",
    why: "Links, devices, drive letters, backslashes; and names that begin with `.wh.`, which layers read as a deletion.",
    from: installers,
    cases: ["a symbolic link", "a device", "a drive letter", "a backslash", "a name that deletes"].map(hostile),
  },
  {
    what: "A `.data` folder with another name than the wheel's, and with files that no installer has a place for",
    why: "Nobody says where they belong.",
    from: ["uv"],
    cases: [hostile("another's .data")],
  },
  {
    what: "A file that would replace a part of the environment",
    why: "Such as `pyvenv.cfg`, or the metadata of another distribution.",
    from: installers,
    cases: [
      "a data file over pyvenv.cfg",
      "a data file in conda-meta",
      "another distribution's metadata in .data",
      "another distribution's metadata among its data files",
      "another distribution's egg-info",
    ].map(hostile),
  },
  {
    what: "A file or a command in the place of `bin/python`",
    why: "It would be the interpreter of everything else.",
    from: ["pip"],
    cases: ["a script called python", "an entry point called python"].map(hostile),
  },
  {
    what: "Files of this machine by their path or URL, and source distributions",
    why: "A lock names wheels by their hashes, and means the same on each machine.",
    from: installers,
    cases: [
      { ...fromAnywhere, what: "a wheel by its file: URL", lock: `demo @ file://$WHEELS/${demo.filename}\n` },
      {
        ...fromAnywhere,
        what: "a source distribution by its file: URL",
        lock: `demo @ file://$WHEELS/${source.filename}\n`,
      },
      {
        what: "a wheel in a folder",
        offered: [demo],
        options: [],
        lock: `$WHEELS/${demo.filename}\n`,
        says: "is a file or a URL",
      },
      {
        what: "a source distribution",
        offered: [source],
        options: ["--require-hashes"],
        lock: `demo==1.0 --hash=sha256:${createHash("sha256").update(source.bytes).digest("hex")}\n`,
        says: "There is no wheel of demo 1.0",
      },
    ],
  },
  {
    what: "Another version than the parent's",
    why: "Unless `replace: true` is set.",
    from: installers,
    cases: [
      {
        what: "a newer version",
        offered: [demo, newer],
        before: lockOf("demo", demo),
        lock: lockOf("demo", newer, "2.0"),
        says: "The parent has demo 1.0, and `row` wants 2.0",
      },
    ],
  },
]
