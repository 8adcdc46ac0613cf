import { cacheFolder } from "../../files/cache-folder.ts"
import { cacheFiles, cacheKinds, type CacheKind } from "../../files/cache-usage.ts"
import { bytes, count } from "../../report/format.ts"
import { columns } from "../columns.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"

/** What each kind is, for people. */
const meanings: Readonly<Record<CacheKind, string>> = {
  wheels: "as they were fetched",
  segments: "packages that are converted, and how they are",
  layers: "which blob a layer became",
  headers: "lists of files in layers",
  projects: "which files a version has",
  hashes: "hashes of files of trees",
  pythons: "which Python an image has",
  parents: "what images that are built on have in their environment",
  inventories: "which packages are in layers",
  code: "this program, compiled",
}

/** Prints what the cache takes, by kind. */
export async function size({ host, io }: Context, options: { readonly json?: true | undefined }): Promise<number> {
  const folder = cacheFolder(host)
  const found = Map.groupBy(await cacheFiles(folder, cacheKinds, host.files), ({ kind }) => kind)
  const kinds = cacheKinds.map((kind) => {
    const files = found.get(kind) ?? []
    const used = files.reduce((oldest, one) => Math.min(oldest, one.used), Number.POSITIVE_INFINITY)
    return {
      kind,
      files: files.length,
      bytes: files.reduce((sum, one) => sum + one.size, 0),
      oldest: files.length === 0 ? undefined : new Date(used).toISOString().slice(0, 10),
    }
  })
  const total = kinds.reduce((sum, one) => sum + one.bytes, 0)
  if (options.json === true) {
    io.out(json({ folder, bytes: total, kinds }))
    return 0
  }
  const rows = kinds
    .filter(({ files }) => files > 0)
    .map(({ kind, files, bytes: taken, oldest }) => [
      kind,
      bytes(taken),
      count(files, "file"),
      `used since ${oldest ?? ""}`,
      meanings[kind],
    ])
  for (const line of columns(rows)) io.out(`${line}\n`)
  io.out(`${bytes(total)} in ${folder}\n`)
  return 0
}
