import { createHash } from "node:crypto"
import { wheelOf, type TestWheel, type WheelText } from "./wheels.ts"
import type { InstallerName } from "./installer-rules.ts"

/** Something that we install, and pip or uv does not. */
export type Acceptance = {
  readonly what: string
  readonly why: string
  /** Who refuses it; the other installs it too. */
  readonly refusedBy: InstallerName
  readonly wheel: TestWheel
  /** A path below the environment that is there afterwards. */
  readonly brings: string
}

const site = "lib/python3.11/site-packages"
const module = { path: "demo/__init__.py", content: "def main(): pass\ndef other(): pass\n" }

function demo(text: Partial<WheelText>): TestWheel {
  return wheelOf({ name: "demo", version: "1.0", members: [module], ...text })
}

/** All of them, in the order of the page. */
export const acceptances: readonly Acceptance[] = [
  {
    what: "METADATA with characters that are not UTF-8",
    why: "uv takes it too. It is installed as it is; only the name and the version are read.",
    refusedBy: "pip",
    wheel: demo({
      metadata: Buffer.from("Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nAuthor: caf\xe9\n", "latin1"),
    }),
    brings: `${site}/demo-1.0.dist-info/METADATA`,
  },
  {
    what: "A command whose module and function have blanks around their colon",
    why: "The specification has none there, and says nothing else.",
    refusedBy: "pip",
    wheel: demo({ entryPoints: "[console_scripts]\ncommand = demo : main\n" }),
    brings: "bin/command",
  },
  {
    what: "A command, or a section of commands, that is there twice",
    why: "Of two commands with one name the last counts, as with pip.",
    refusedBy: "uv",
    wheel: demo({ entryPoints: "[console_scripts]\ncommand = demo:main\n[console_scripts]\ncommand = demo:other\n" }),
    brings: "bin/command",
  },
  {
    what: "A command on a line that begins with blanks",
    why: "pip takes it for one too; in an INI file it goes on with the line before.",
    refusedBy: "uv",
    wheel: demo({ entryPoints: "[console_scripts]\nfirst = demo:main\n  command = demo:other\n" }),
    brings: "bin/command",
  },
  {
    what: "A row of RECORD that ends after its hash",
    why: "The hash says enough.",
    refusedBy: "uv",
    wheel: demo({ record: { "demo/__init__.py": rowWithoutSize() } }),
    brings: `${site}/demo/__init__.py`,
  },
]

function rowWithoutSize(): string {
  return `demo/__init__.py,sha256=${createHash("sha256").update(module.content).digest("base64url")}`
}
