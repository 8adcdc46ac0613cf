import { posix } from "node:path"
import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import { parallel } from "../../parallel.ts"
import type { FileEntry } from "../../tree/step.ts"

export type ContextFolder = {
  /** An empty folder. */
  readonly folder: string
  readonly entries: readonly FileEntry[]
  readonly open: (sha256: string) => AsyncIterable<Uint8Array>
  readonly signal: AbortSignal
}

/** Files that are written at once. */
const width = 8

/**
 * Lays a context out in a folder: exactly the files of the step, 0644 or 0755, dated 1980, so that what is copied
 * from it is the same on every machine. Fails with `cannot` for a path that leaves the folder.
 */
export async function layContext(context: ContextFolder, host: Pick<Host, "files" | "run" | "env">): Promise<void> {
  const { folder, entries, signal } = context
  requireInside(entries)
  const directories = new Set(
    entries.flatMap((entry) => {
      const isDirectory = entry.link === undefined && entry.sha256 === undefined
      return ancestors(isDirectory ? `${entry.path}/.` : entry.path)
    }),
  )
  await host.files.setMode(folder, 0o755)
  for (const path of [...directories].sort()) {
    await host.files.makeDirectory(`${folder}/${path}`)
    await host.files.setMode(`${folder}/${path}`, 0o755)
  }
  await parallel(entries, width, async (entry) => {
    signal.throwIfAborted()
    await layFile(entry, context, host)
  })
  // The only way to set the time of a link, and one process for all.
  const argv = ["find", folder, "-exec", "touch", "-h", "-t", "198001010000.00", "{}", "+"] as const
  const { code, stderr } = await host.run({ argv, signal, env: { ...host.env, TZ: "UTC" } })
  if (code !== 0)
    throw new Failure("cannot", "The build context could not be laid out", {
      detail: stderr.trim(),
      hint: "Look at the space and the rights of the folder for temporary files, or set TMPDIR to another",
    })
}

async function layFile(entry: FileEntry, { folder, open }: ContextFolder, host: Pick<Host, "files">): Promise<void> {
  const path = `${folder}/${entry.path}`
  if (entry.link !== undefined) return await host.files.symlink(entry.link, path)
  if (entry.sha256 === undefined) return
  // Not `write`: a context is thrown away after the build, so nothing has to reach the disk.
  await host.files.append(path, "")
  for await (const chunk of open(entry.sha256)) await host.files.append(path, chunk)
  await host.files.setMode(path, entry.executable ? 0o755 : 0o644)
}

function requireInside(entries: readonly FileEntry[]): void {
  const links = new Set(entries.flatMap(({ path, link }) => (link === undefined ? [] : [path])))
  const seen = new Set<string>()
  for (const { path } of entries) {
    const isPlain =
      path !== "" &&
      path !== "." &&
      posix.normalize(path) === path &&
      !path.startsWith("/") &&
      !/^\.\.(?:\/|$)|\0/.test(path)
    const below = ancestors(path).find((parent) => links.has(parent))
    if (isPlain && below === undefined && !seen.has(path)) {
      seen.add(path)
      continue
    }
    throw new Failure("cannot", `The build context has a path that cannot be laid out: ${JSON.stringify(path)}`, {
      hint: "Rename it, or leave it out with a .dockerignore",
    })
  }
}

/** The directories above a path, the topmost first. */
function ancestors(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1)
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"))
}
