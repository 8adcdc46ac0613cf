import { acceptances } from "./installer-acceptances.ts"
import { differences } from "./installer-differences.ts"
import { refusals } from "./installer-refusals.ts"

/** The page `docs/reference/differences-from-pip-and-uv.md`. */
export function differencesPage(): string {
  return [
    "# Differences from pip and uv",
    "",
    "An environment that nbstacks makes has the files of `pip install --no-compile` and of `uv pip install`, byte for byte, but for what stands here.",
    "A test installs more than 500 real wheels, and some made ones of rare shapes, with all three, and fails on a difference that is not listed, and on a listed one that is none.",
    "Modes are those of pip and uv with write permission for the group (0664, 0775; folders 2775), owned by 1000:100.",
    "This page is written from that test's table (`test/support/installer-differences.ts`).",
    "",
    ...differences.map(({ what, why, from }) => `- **${what}** (${from.join(" and ")}). ${why}`),
    "",
    "## What pip or uv install and nbstacks refuses",
    "",
    "Here too a test installs each of these with pip and uv, and tries it here (`test/support/installer-refusals.ts`).",
    "",
    ...refusals.map(({ what, why, from }) => `- **${what}** (${from.join(" and ")}). ${why}`),
    "",
    "## What pip or uv refuse and nbstacks installs",
    "",
    "A test installs these too (`test/support/installer-acceptances.ts`).",
    "",
    ...acceptances.map(({ what, why, refusedBy }) => `- **${what}** (${refusedBy} refuses it). ${why}`),
    "",
    "## Bytecode",
    "",
    "With `bytecode: all` a source gets the `.pyc` that pip's Python would write (`test/e2e/bytecode.test.ts`), but for one of more than 32 MiB:",
    "compiling it takes gigabytes, so it has none, and Python reads the source. One whose `.pyc` would have a name of more than 255 bytes has none with anybody",
    "(`src/packages/bytecode/sources.test.ts`).",
    "",
  ].join("\n")
}
