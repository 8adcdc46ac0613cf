import type { Merged, MergedEntry } from "../oci/merged.ts"
import { environmentLabel } from "../tree/labels.ts"
import type { RunnableImage } from "./image.ts"
import type { Container } from "./runtime/runtime.ts"
import type { Verdict } from "./verdict.ts"

/** Who uses an image: the headers have to let them write to the environment, and nowhere in the system. */
const user = { uid: 1000, gid: 100 }

/** Where the system is. The environment's prefix may be inside, as in /opt. */
const system: readonly string[] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "opt", "boot"]
const shown = 20

/**
 * Where the image's environment is, without a leading slash: as its label says, else the first folder of PATH that
 * belongs to a conda environment or a venv. Undefined if there is none.
 */
export function environmentPrefix(image: Pick<RunnableImage, "labels" | "env">, merged: Merged): string | undefined {
  const labelled = labelledPrefix(image.labels)
  if (labelled !== undefined) return labelled
  for (const folder of (image.env["PATH"] ?? "").split(":")) {
    const prefix = /^\/(.+)\/bin\/?$/.exec(folder)?.[1]
    if (prefix === undefined) continue
    if (merged.resolve(`${prefix}/conda-meta/history`) ?? merged.resolve(`${prefix}/pyvenv.cfg`)) return prefix
  }
  return undefined
}

/** The prefix that the image's label names, without a leading slash. */
export function labelledPrefix(labels: RunnableImage["labels"]): string | undefined {
  const label = labels[environmentLabel]
  if (label === undefined) return undefined
  try {
    const value: unknown = JSON.parse(label)
    if (typeof value !== "object" || value === null || !("path" in value) || typeof value.path !== "string")
      return undefined
    return /^\/(.*[^/])\/*$/.exec(value.path)?.[1]
  } catch {
    return undefined
  }
}

/** Whether everything below the prefix is writable for gid 100, whoever the owner is: by the merged headers. */
export function environmentHeaders(merged: Merged, prefix: string): Verdict {
  if (merged.resolve(prefix)?.kind !== "directory")
    return { passed: false, message: `/${prefix} is no folder of the image` }
  const closed = [...merged.below(prefix)].filter((entry) => isReal(entry) && !mayWrite(entry, { gid: user.gid }))
  if (closed.length === 0) return { passed: true }
  return {
    passed: false,
    message: `${counted(closed)} below /${prefix} not writable for gid ${user.gid}`,
    detail: listed(closed),
  }
}

/** Whether nothing of the system is writable for 1000:100: by the merged headers. */
export function systemHeaders(merged: Merged, prefix: string | undefined): Verdict {
  const open: MergedEntry[] = []
  for (const entry of merged.entries()) {
    const [top = ""] = entry.path.split("/", 1)
    const isOutside = entry.path === "" || (system.includes(top) && !isBelow(entry.path, prefix))
    if (isOutside && isReal(entry) && mayWrite(entry, user)) open.push(entry)
  }
  if (open.length === 0) return { passed: true }
  return { passed: false, message: `${counted(open)} of the system writable for 1000:100`, detail: listed(open) }
}

/** Creates and deletes a file in the environment's site-packages as the image's user. */
export async function tryToWrite(container: Container, prefix: string, signal: AbortSignal): Promise<Verdict> {
  const done = await container.exec(["/bin/sh", "-c", attempt, "sh", `/${prefix}`], { timeout: 60, signal })
  if (done.code === 0) return { passed: true }
  return {
    passed: false,
    message: `the image's user cannot create a file below /${prefix}`,
    detail: done.output.trim(),
  }
}

const attempt = `set -e
found=
for folder in "$1"/lib/python*/site-packages; do
  if [ -d "$folder" ] && [ ! -L "$folder" ]; then
    found=$folder
    file=$folder/nbstacks-check-$$
    : >"$file"
    rm "$file"
  fi
done
if [ -z "$found" ]; then echo "there is no site-packages in $1" >&2; exit 1; fi`

function isReal({ kind }: MergedEntry): boolean {
  return kind === "file" || kind === "directory"
}

/** By the class that applies, as the kernel does it: the owner's bits decide for the owner, even if others have more. */
function mayWrite(
  { kind, mode, uid, gid }: MergedEntry,
  who: { readonly uid?: number; readonly gid: number },
): boolean {
  const shift = uid === who.uid ? 6 : gid === who.gid ? 3 : 0
  const wanted = kind === "directory" ? 0o3 : 0o2
  return ((mode >> shift) & wanted) === wanted
}

function isBelow(path: string, prefix: string | undefined): boolean {
  return prefix !== undefined && (path === prefix || path.startsWith(`${prefix}/`))
}

function counted({ length }: readonly unknown[]): string {
  return length === 1 ? "1 path is" : `${length} paths are`
}

function listed(entries: readonly MergedEntry[]): string {
  const lines = entries
    .slice(0, shown)
    .map(({ path, mode, uid, gid }) => `/${path} (${mode.toString(8).padStart(4, "0")} ${uid}:${gid})`)
  return [...lines, ...(entries.length > shown ? [`… and ${entries.length - shown} more`] : [])].join("\n")
}
