import { randomBytes } from "node:crypto"
import { createReadStream } from "node:fs"
import * as fs from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { Content, FileKind, Files, FileStat } from "../files.ts"
import { lock } from "./lock.ts"

/** The files of this machine. */
export const files: Files = {
  read: (path) => fs.readFile(path),
  readText: (path) => fs.readFile(path, "utf8"),
  stream: (path, range) =>
    createReadStream(path, {
      highWaterMark: 1024 * 1024,
      ...(range === undefined ? {} : { start: range[0], end: range[1] }),
    }),
  write,
  create,
  append: (path, content) => fs.appendFile(path, content),
  stat,
  list,
  readLink: (path) => orUndefined(fs.readlink(path), "ENOENT", "EINVAL"),
  realPath: (path) => fs.realpath(path),
  makeDirectory: async (path) => void (await fs.mkdir(path, { recursive: true })),
  makeTemporary: (prefix, parent = tmpdir()) => fs.mkdtemp(join(parent, prefix)),
  rename: (from, to) => fs.rename(from, to),
  link: (from, to) => fs.link(from, to),
  symlink: (target, path) => fs.symlink(target, path),
  remove: (path) => fs.rm(path, { recursive: true, force: true }),
  setMode: (path, mode) => fs.chmod(path, mode),
  setOwner: (path, uid, gid) => fs.lchown(path, uid, gid),
  touch: async (path) => {
    const now = new Date()
    await fs.utimes(path, now, now)
  },
  lock,
}

async function write(path: string, content: Content, options: { readonly mode?: number } = {}): Promise<void> {
  await fs.mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`
  try {
    const handle = await fs.open(temporary, "wx", options.mode ?? 0o644)
    try {
      if (typeof content === "string" || content instanceof Uint8Array) await handle.writeFile(content)
      else for await (const chunk of content) await writeAll(handle, chunk)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await fs.rename(temporary, path)
  } catch (error) {
    await fs.rm(temporary, { force: true })
    throw error
  }
}

async function writeAll(handle: fs.FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.length;) written += (await handle.write(chunk, written)).bytesWritten
}

async function create(path: string, content: Uint8Array | string): Promise<boolean> {
  await fs.mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`
  await fs.writeFile(temporary, content, { flag: "wx" })
  try {
    await fs.link(temporary, path)
    return true
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false
    throw error
  } finally {
    await fs.rm(temporary, { force: true })
  }
}

async function stat(path: string): Promise<FileStat | undefined> {
  const found = await orUndefined(fs.lstat(path, { bigint: true }), "ENOENT", "ENOTDIR")
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
  const entries = await orUndefined(fs.readdir(path, { withFileTypes: true }), "ENOENT", "ENOTDIR")
  return entries?.map((entry) => ({ name: entry.name, kind: kindOf(entry) })).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): FileKind {
  if (entry.isFile()) return "file"
  if (entry.isDirectory()) return "directory"
  return entry.isSymbolicLink() ? "link" : "other"
}

async function orUndefined<T>(promise: Promise<T>, ...codes: readonly string[]): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (codes.includes(codeOf(error) ?? "")) return undefined
    throw error
  }
}

/** The operating system's name of an error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined
}
