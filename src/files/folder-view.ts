import { join, relative } from "node:path"
import { Failure } from "../failure.ts"
import type { FileKind, FileStat } from "../host/files.ts"
import type { Host } from "../host/host.ts"
import type { HashCache } from "./hash-cache.ts"
import { hashFile } from "./hash-file.ts"

type Listed = { readonly name: string; readonly kind: FileKind }

/**
 * A folder as it is during one run: everything is looked at once and remembered, so that many rows may ask. All paths
 * are relative to the folder, with `/`; the folder itself is `""`.
 */
export type FolderView = {
  /** Absolute. */
  readonly folder: string
  /** Names in order; undefined for what is no folder. Links are not followed. */
  list(path: string): Promise<readonly Listed[] | undefined>
  /** What is there, from the list of its folder; a link is a link. */
  kindOf(path: string): Promise<FileKind | undefined>
  /** Does not follow a link at the end. */
  stat(path: string): Promise<FileStat | undefined>
  readLink(path: string): Promise<string | undefined>
  /** The text of a file, or undefined when there is none; a link in the folder is followed. Fails with `cannot` when it is not UTF-8. */
  text(path: string): Promise<string | undefined>
  /** The hash of a file, a link in the folder followed: 64 hexadecimal digits, from the cache where it has not changed. */
  hash(path: string): Promise<string>
}

/** Texts that people write are no larger than this, in bytes. */
const largestText = 16 * 1024 * 1024

/** Looks at a folder of this machine. The folder need not exist. */
export function viewFolder(folder: string, host: Pick<Host, "files">, cache: HashCache): FolderView {
  const at = (path: string): string => (path === "" ? folder : join(folder, path))
  const list = remember((path) => host.files.list(at(path)))
  const stat = remember((path) => host.files.stat(at(path)))
  const kinds = remember(async (path) => {
    const listed = await list(path)
    return listed && new Map(listed.map(({ name, kind }) => [name, kind]))
  })
  /** Where a link at the end of a path leads: a file is known by its own times, not by those of a link to it. */
  const follow = remember(async (path) => {
    if ((await stat(path))?.kind !== "link") return path
    const [real, root] = await Promise.all([host.files.realPath(at(path)), host.files.realPath(folder)])
    const inside = relative(root, real)
    if (inside === ".." || inside.startsWith("../"))
      throw new Failure("cannot", `${path} is a link that leaves the folder`, { hint: "Copy the file into the folder" })
    return inside
  })
  const hash = remember(async (path) => {
    const before = await stat(path)
    if (before === undefined) throw new Failure("cannot", `${path} is not there any more`)
    return cache.get(path, before) ?? hashFile(host, { path, absolute: at(path), before, cache })
  })
  return {
    folder,
    list,
    kindOf: async (path) => {
      if (path === "") return "directory"
      const slash = path.lastIndexOf("/")
      return (await kinds(slash === -1 ? "" : path.slice(0, slash)))?.get(path.slice(slash + 1))
    },
    stat,
    readLink: remember((path) => host.files.readLink(at(path))),
    text: remember(async (path) => {
      if ((await stat(path)) === undefined) return undefined
      const real = await follow(path)
      const found = await stat(real)
      if (found?.kind !== "file") throw new Failure("cannot", `${path} is no file`)
      if (found.size > largestText) throw new Failure("cannot", `${path} is larger than ${largestText} bytes`)
      return decode(await host.files.read(at(real)), path)
    }),
    hash: async (path) => hash(await follow(path)),
  }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new Failure("cannot", `${path} is not UTF-8 text`, { cause })
  }
}

/** Asks once for each path. What may not be read, or leads in a circle, is a failure that names it. */
function remember<T>(ask: (path: string) => Promise<T>): (path: string) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return (path) => {
    const found = known.get(path)
    if (found !== undefined) return found
    const answer = ask(path).catch((error: unknown) => {
      throw readFailure(error, path)
    })
    known.set(path, answer)
    return answer
  }
}

const unreadable: Readonly<Record<string, string>> = {
  EACCES: "may not be read",
  EPERM: "may not be read",
  ELOOP: "is a link that leads in a circle",
  ENOENT: "leads to nothing",
  ENAMETOOLONG: "has a name that is too long",
}

function readFailure(error: unknown, path: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  const why = Object.hasOwn(unreadable, code) ? unreadable[code] : undefined
  return why === undefined
    ? error
    : new Failure("cannot", `${path === "" ? "The folder" : path} ${why}`, { cause: error })
}
