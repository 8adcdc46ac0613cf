import type { Bytes } from "../wheel/bytes.ts"
import { readMember } from "../wheel/content.ts"
import { planInstallation, type InstalledFile } from "../wheel/install.ts"
import { refusals } from "../wheel/refusal.ts"
import { sitePackages, type Target } from "../wheel/target.ts"
import { hasBytecodePath } from "./magic.ts"
import { sourceHead, type SourceFile } from "./frames.ts"

/** Larger files are left out, in bytes: nobody writes such by hand, and compiling one takes gigabytes. */
export const sourceLimit: number = 32 * 1024 * 1024

/**
 * Writes the Python files of a wheel that come below site-packages, in the order of their paths, each behind its head,
 * and gives their list. What is in `bin` has no bytecode, nor has a file whose bytecode
 * would have too long a name. Each file is verified against the archive's directory.
 */
export function writeSources(
  wheel: { readonly bytes: Bytes; readonly filename: string },
  target: Target,
  write: (piece: Uint8Array) => void,
): readonly SourceFile[] {
  const refuse = refusals(wheel.filename)
  const below = `${sitePackages(target)}/`
  const sources = planInstallation(wheel, target).files.filter(
    ({ path, size }) =>
      path.startsWith(below) && path.endsWith(".py") && size <= sourceLimit && hasBytecodePath(path, target.python),
  )
  return sources.map((file) => {
    const content = contentOf(file, wheel.bytes, refuse)
    write(sourceHead(`${target.prefix}/${file.path}`, content.length))
    write(content)
    return { path: file.path, size: content.length }
  })
}

function contentOf({ source }: InstalledFile, bytes: Bytes, refuse: ReturnType<typeof refusals>): Uint8Array {
  if (source.kind === "bytes") return source.bytes
  return readMember(bytes, source.member, { refuse, limit: sourceLimit })
}
