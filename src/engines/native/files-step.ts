import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import type { Merged } from "../../oci/merged.ts"
import type { TarHeader } from "../../oci/tar/header.ts"
import { tarPadding } from "../../oci/tar/header.ts"
import { layerWriter, type LayerWriter } from "../../packages/segment/layer-writer.ts"
import type { WrittenLayer } from "../../packages/segment/sink.ts"
import type { FileEntry, FilesStep } from "../../tree/step.ts"
import { placeOf } from "./place.ts"

type Context = {
  readonly merged: Merged
  readonly open: (sha256: string) => AsyncIterable<Uint8Array>
  readonly files: Pick<Host["files"], "write">
  readonly signal: AbortSignal
  /** The row, for messages. */
  readonly name: string
}

/**
 * Writes the files of a step as one layer to `output`. Folders that the parent lacks get a header with the step's
 * owner; those it has get none, so that neither their modes change nor a link such as `/bin` is replaced.
 * Fails with `no` for a name that layers read as a deletion.
 * https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
 */
export async function writeFilesLayer(step: FilesStep, output: string, context: Context): Promise<WrittenLayer> {
  const whiteout = step.entries.find(({ path }) => path.split("/").some((part) => part.startsWith(".wh.")))
  if (whiteout !== undefined)
    throw new Failure("no", `\`${whiteout.path}\` of \`${context.name}\` cannot be in an image`, {
      hint: "Rename it: layers read a name that begins with `.wh.` as the deletion of another file",
    })
  let layer: WrittenLayer | undefined
  const blob = async function* (): AsyncIterable<Uint8Array> {
    const pieces: Uint8Array[] = []
    const writer = layerWriter((piece) => pieces.push(Buffer.from(piece)))
    const written = new Set<string>()
    const placed = step.entries
      .map((entry) => ({ entry, path: placeOf(entry.path, context.merged) }))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
    for (const { entry, path } of placed) {
      context.signal.throwIfAborted()
      for (const folder of missingFolders(path, context.merged, written)) {
        writer.entry({ ...owned(step), path: folder, kind: "directory", mode: 0o755, size: 0 })
      }
      if (written.has(path)) continue
      written.add(path)
      for await (const _ of writeEntry(writer, { entry, path, step, context })) yield* pieces.splice(0)
      yield* pieces.splice(0)
    }
    layer = writer.finish()
    yield* pieces.splice(0)
  }
  await context.files.write(output, blob(), { flush: false })
  if (layer === undefined) throw new Error("the layer was not finished")
  return layer
}

type Entry = { readonly entry: FileEntry; readonly path: string; readonly step: FilesStep; readonly context: Context }

/** Writes one member; yields whenever pieces may have come, so that nothing large is held. */
async function* writeEntry(writer: LayerWriter, { entry, path, step, context }: Entry): AsyncIterable<void> {
  const header = { ...owned(step), path, size: 0 }
  if (entry.link !== undefined) {
    writer.entry({ ...header, kind: "symlink", mode: 0o777, link: entry.link })
    return
  }
  if (entry.sha256 === undefined) {
    writer.entry({ ...header, kind: "directory", mode: 0o755 })
    return
  }
  let size = 0
  for await (const piece of context.open(entry.sha256)) size += piece.length
  const mode = step.mode ?? (entry.executable ? 0o755 : 0o644)
  yield* writeContent(writer, { ...header, kind: "file", mode, size }, context.open(entry.sha256))
}

async function* writeContent(
  writer: LayerWriter,
  header: TarHeader,
  content: AsyncIterable<Uint8Array>,
): AsyncIterable<void> {
  writer.entry(header)
  for await (const piece of content) {
    writer.plain(piece)
    yield
  }
  writer.plain(tarPadding(header.size))
}

function owned(step: FilesStep): { readonly uid: number; readonly gid: number } {
  return { uid: step.uid, gid: step.gid }
}

/** Folders above a path that neither the parent nor this layer has, the uppermost first. */
function missingFolders(path: string, merged: Merged, written: Set<string>): string[] {
  const missing: string[] = []
  for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    const folder = path.slice(0, slash)
    if (written.has(folder) || merged.resolve(folder) !== undefined) continue
    written.add(folder)
    missing.push(folder)
  }
  return missing
}
