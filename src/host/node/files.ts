import { randomBytes } from "node:crypto"
import * as sync from "node:fs"
import * as fs from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { Content, FileKind, Files, FileStat, WriteOptions } from "../files.ts"
import { lock } from "./lock.ts"
import { makeFolder } from "./make-folder.ts"

/**
 * The files of this machine. What takes microseconds, such as a `stat`, the names in a folder or the bytes of a small
 * file, is asked for at once: handing it to another thread takes ten times as long. What may take longer never blocks:
 * large files, removing folders, and waiting for the disk.
 */
export const files: Files = {
  read,
  readText: async (path) => (await read(path)).toString("utf8"),
  stream,
  lend,
  write,
  flush,
  create,
  append: (path, content) => naming(path, () => fs.appendFile(path, content)),
  stat,
  list,
  readLink: async (path) => orUndefined(() => sync.readlinkSync(path), "ENOENT", "EINVAL"),
  realPath: (path) => fs.realpath(path),
  makeDirectory: async (path) => makeFolder(path),
  makeTemporary: async (prefix, parent = tmpdir()) => sync.mkdtempSync(join(parent, prefix)),
  rename: async (from, to) => sync.renameSync(from, to),
  link: async (from, to) => orMakingFolder(to, () => sync.linkSync(from, to)),
  symlink: async (target, path) => sync.symlinkSync(target, path),
  remove: (path) => fs.rm(path, { recursive: true, force: true }),
  setMode: (path, mode) => fs.chmod(path, mode),
  setOwner: (path, uid, gid) => fs.lchown(path, uid, gid),
  touch,
  lock,
}

/** What is read at once, in bytes: more gains nothing, and small files must not cost large buffers. */
const pieceSize = 256 * 1024
/** There is one buffer for a whole file that is lent, so that it can be larger. */
const lentSize = 1024 * 1024
/** Up to here, in bytes, a file is read or written at once. */
const smallSize = 64 * 1024

/** The bytes of a file. */
async function read(path: string): Promise<Buffer> {
  return await naming(path, async () => readSmall(path) ?? (await fs.readFile(path)))
}

/** What fails with an open file, such as reading of a folder or writing to a full disk, names the path as well. */
async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (codeOf(error) !== undefined && !("path" in (error as Error))) Object.assign(error as Error, { path })
    throw error
  }
}

/** The bytes of a file; undefined if it is not small. */
function readSmall(path: string): Buffer | undefined {
  const handle = sync.openSync(path, "r")
  try {
    const found = sync.fstatSync(handle)
    // Files of /proc say that they have no bytes, pipes and the like wait: those are read the usual way.
    if (!found.isFile() || found.size === 0 || found.size > smallSize) return undefined
    const buffer = Buffer.allocUnsafe(found.size + 1)
    let size = 0
    for (;;) {
      const count = sync.readSync(handle, buffer, size, buffer.length - size, size)
      size += count
      if (count === 0) return buffer.subarray(0, size)
      if (size === buffer.length) return undefined
    }
  } finally {
    sync.closeSync(handle)
  }
}

async function* stream(path: string, range?: readonly [number, number]): AsyncIterable<Uint8Array> {
  await using handle = await fs.open(path, "r")
  const { size } = await handle.stat()
  let at = range?.[0] ?? 0
  const end = range === undefined ? Number.POSITIVE_INFINITY : range[1] + 1
  while (at < end) {
    // Each piece has a buffer of its own, since whoever gets it may keep it. One byte more than is left tells the end.
    const wanted = Math.min(pieceSize, end - at, Math.max(size - at + 1, 4096))
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield bytesRead === wanted ? buffer : buffer.subarray(0, bytesRead)
  }
}

async function* lend(path: string): AsyncIterable<Uint8Array> {
  await using handle = await fs.open(path, "r")
  const { size } = await handle.stat()
  const length = Math.min(lentSize, Math.max(size + 1, 4096))
  const buffer = Buffer.allocUnsafeSlow(length)
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, length, null)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

async function touch(path: string, { create: make = false }: { readonly create?: boolean } = {}): Promise<void> {
  const now = new Date()
  try {
    sync.utimesSync(path, now, now)
  } catch (error) {
    if (!make || codeOf(error) !== "ENOENT") throw error
    sync.closeSync(orMakingFolder(path, () => sync.openSync(path, "a", 0o644)))
  }
}

/** Puts something at a path; the folder is made only if that fails without, since it is there nearly always. */
function orMakingFolder<T>(path: string, put: () => T): T {
  try {
    return put()
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error
    makeFolder(dirname(path))
    return put()
  }
}

async function write(path: string, content: Content, options: WriteOptions = {}): Promise<void> {
  const temporary = options.temporary ?? `${path}.${randomBytes(6).toString("hex")}.tmp`
  const mode = options.mode ?? 0o644
  try {
    if (isSmall(content)) {
      await naming(path, async () =>
        orMakingFolder(temporary, () => sync.writeFileSync(temporary, content, { flag: "wx", mode })),
      )
      if (options.flush !== false) await flush(temporary)
    } else await writeLarge(temporary, content, { mode, flush: options.flush !== false })
    orMakingFolder(path, () => sync.renameSync(temporary, path))
  } catch (error) {
    await fs.rm(temporary, { force: true })
    throw error
  }
}

function isSmall(content: Content): content is string | Uint8Array {
  return (typeof content === "string" || content instanceof Uint8Array) && content.length <= smallSize
}

async function writeLarge(
  path: string,
  content: Content,
  { mode, flush: flushed }: { readonly mode: number; readonly flush: boolean },
): Promise<void> {
  makeFolder(dirname(path))
  await using handle = await fs.open(path, "wx", mode)
  // Errors of the source are its own.
  if (typeof content === "string" || content instanceof Uint8Array) await naming(path, () => handle.writeFile(content))
  else for await (const chunk of content) await naming(path, () => writeAll(handle, chunk))
  if (flushed) await naming(path, () => handle.sync())
}

async function flush(path: string): Promise<void> {
  await using handle = await fs.open(path, "r")
  await handle.sync()
}

async function writeAll(handle: fs.FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.length;) written += (await handle.write(chunk, written)).bytesWritten
}

async function create(path: string, content: Uint8Array | string): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`
  await write(temporary, content, { flush: false })
  try {
    sync.linkSync(temporary, path)
    return true
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false
    throw error
  } finally {
    sync.rmSync(temporary, { force: true })
  }
}

async function stat(path: string): Promise<FileStat | undefined> {
  const found = orUndefined(() => sync.lstatSync(path, { bigint: true, throwIfNoEntry: false }), "ENOTDIR")
  if (found === undefined) return undefined
  return {
    kind: kindOf(found),
    size: Number(found.size),
    mode: Number(found.mode & 0o7777n),
    uid: Number(found.uid),
    gid: Number(found.gid),
    device: found.dev,
    inode: found.ino,
    mtime: found.mtimeNs,
    ctime: found.ctimeNs,
  }
}

async function list(path: string): ReturnType<Files["list"]> {
  const entries = orUndefined(() => sync.readdirSync(path, { withFileTypes: true }), "ENOENT", "ENOTDIR")
  return entries?.map((entry) => ({ name: entry.name, kind: kindOf(entry) })).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): FileKind {
  if (entry.isFile()) return "file"
  if (entry.isDirectory()) return "directory"
  return entry.isSymbolicLink() ? "link" : "other"
}

function orUndefined<T>(ask: () => T, ...codes: readonly string[]): T | undefined {
  try {
    return ask()
  } catch (error) {
    if (codes.includes(codeOf(error) ?? "")) return undefined
    throw error
  }
}

/** The operating system's name of an error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined
}
