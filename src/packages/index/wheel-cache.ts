import { join } from "node:path"
import { z } from "zod"
import type { Host } from "../../host/host.ts"
import { readKept, writeKept } from "../../kept-text.ts"

/** What is known of the files of one version of a project, so that nobody has to be asked twice. */
export type KnownFiles = {
  /** By sha256. */
  readonly files: Readonly<Record<string, KnownFile>>
  /** Hashes that were looked for, found or not. */
  readonly asked: readonly string[]
}

type KnownFile = {
  readonly filename: string
  readonly requiresPython?: string | undefined
  /** In bytes, where somebody asked for it. */
  readonly size?: number | undefined
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const KnownRecord = z.object({
  version: z.literal(1),
  files: z.record(
    sha256,
    z.object({
      filename: z.string().regex(/^[^/\\]+\.whl$/),
      requiresPython: z.string().optional(),
      size: z.int().nonnegative().optional(),
    }),
  ),
  asked: z.array(sha256),
})

type CacheHost = Pick<Host, "files">

/** Where a wheel is kept, whatever its name. */
export function wheelPath(cache: string, hash: string): string {
  return join(cache, "wheels", `${hash}.whl`)
}

/** The record of a version; nothing known when there is none or it cannot be read. */
export async function readKnown(host: CacheHost, cache: string, project: Project): Promise<KnownFiles> {
  const text = await readKept(host, knownPath(cache, project))
  const parsed = text === undefined ? undefined : KnownRecord.safeParse(JSON.parse(text))
  return parsed?.data ?? { files: {}, asked: [] }
}

/** Adds to the record of a version. Of two processes that do so at once one may be forgotten, and asks again later. */
export async function writeKnown(host: CacheHost, place: Project & { cache: string }, more: KnownFiles): Promise<void> {
  const old = await readKnown(host, place.cache, place)
  // What one command learnt of a file, another need not know.
  const joined = Object.entries(more.files).map(([hash, file]) => [hash, { ...old.files[hash], ...file }] as const)
  const files = Object.fromEntries([...Object.entries(old.files), ...joined].sort(([a], [b]) => (a < b ? -1 : 1)))
  const asked = [...new Set([...old.asked, ...more.asked])].sort()
  const path = knownPath(place.cache, place)
  await host.files.makeDirectory(join(path, ".."))
  await writeKept(host, path, `${JSON.stringify({ version: 1, files, asked })}\n`)
}

/** A project by its normalised name, and one of its versions. */
export type Project = { readonly name: string; readonly version: string }

function knownPath(cache: string, { name, version }: Project): string {
  return join(cache, "projects", encodeURIComponent(name), `${encodeURIComponent(version)}.json`)
}
