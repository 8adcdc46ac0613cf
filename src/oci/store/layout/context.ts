import type { Host } from "../../../host/host.ts"
import { join } from "node:path"
import { parallel } from "../../../parallel.ts"
import type { Descriptor } from "../../descriptor.ts"
import type { Digest } from "../../digest.ts"
import type { LayoutPaths } from "./paths.ts"
import type { Queue } from "./queue.ts"

/** The parts of the host that a layout needs. */
export type LayoutHost = Pick<Host, "files" | "now" | "random">

/** What the files of this folder share: where things are, and how they are written. */
export type LayoutContext = {
  readonly host: LayoutHost
  readonly paths: LayoutPaths
  readonly queue: Queue
  /** Files that are known to be on the disk: path and inode. */
  readonly settled: Map<string, bigint>
  /** `index.json` as it was read or written last, and what tells that it still is. */
  readonly index: { seen: { readonly identity: string; readonly entries: Map<string, Descriptor> } | undefined }
}

/** How long to wait for another process that holds a lock for a moment, in milliseconds. */
const lockPatience = 60_000

/** A new name in the layout's folder for unfinished files. */
export function temporaryPath({ host, paths }: LayoutContext): string {
  return join(paths.temporary, host.random(12))
}

/**
 * Writes a small file: whole or not at all, and never with a temporary name beside it. Without `flush` a power cut may
 * leave it empty or take it: who depends on it calls `settle`.
 */
export async function putFile(
  context: LayoutContext,
  path: string,
  { content, flush }: { readonly content: string | Uint8Array; readonly flush: boolean },
): Promise<void> {
  await context.host.files.write(path, content, { temporary: temporaryPath(context), flush })
}

/** So many paths are remembered as settled. */
const remembered = 20_000

/**
 * Comes back when these files, as far as they are there, are on the disk. Bytes are written without waiting for the
 * disk, and settled together before something that names them is: blobs before their manifest, a manifest before its
 * tag. So no power cut can leave a tag without its bytes, and a row waits for the disk a few times only.
 */
export async function settle({ host, settled }: LayoutContext, paths: readonly string[]): Promise<void> {
  await parallel(paths, 8, async (path) => {
    const inode = (await host.files.stat(path))?.inode
    if (inode === undefined || settled.get(path) === inode) return
    try {
      await host.files.flush(path)
    } catch (error) {
      if (isMissing(error)) return
      throw error
    }
    if (settled.size >= remembered) settled.clear()
    settled.set(path, inode)
  })
}

/** Renames a finished file to where it belongs, making the folder if needed. */
export async function moveInto(context: LayoutContext, from: string, to: string): Promise<void> {
  const { files } = context.host
  try {
    await files.rename(from, to)
  } catch (error) {
    if (!isMissing(error)) throw error
    await files.makeDirectory(join(to, ".."))
    await files.rename(from, to)
  }
}

/**
 * Says that a blob, which is there, belongs to a repository. The mark is another name of the blob's own file: that makes no new file,
 * which some file systems take as long for as for many names, and whoever wants the blob wants the mark. Where a
 * file system has no such names, or not so many, it is an empty file. A mark that is there is wanted again.
 */
export async function putMark({ host, paths }: LayoutContext, repository: string, digest: Digest): Promise<void> {
  const mark = paths.member(repository, digest)
  try {
    await host.files.link(paths.blob(digest), mark)
  } catch {
    await host.files.touch(mark, { create: true })
  }
}

/**
 * Says that a file is wanted, so that `gc` spares it. False if it is not there: a collector may take a file between
 * a look and this, so only true means that it will stay.
 */
export async function touchIfThere({ host }: LayoutContext, path: string): Promise<boolean> {
  try {
    await host.files.touch(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** The text of a small file, or undefined if it is not there. */
export async function readIfThere({ host }: LayoutContext, path: string): Promise<string | undefined> {
  try {
    return await host.files.readText(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** True for the operating system's error that something is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")
}

/** Runs a task while this process, and within it this task alone, holds a lock of the layout. */
export async function locked<T>(context: LayoutContext, name: string, task: () => Promise<T>): Promise<T> {
  return await context.queue(name, async () => {
    await using _held = await context.host.files.lock(context.paths.lock(name), { timeout: lockPatience })
    return await task()
  })
}
