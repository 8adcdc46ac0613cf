import { join } from "node:path"
import { Failure } from "../failure.ts"
import type { FileKind, FileStat } from "../host/files.ts"
import type { Host } from "../host/host.ts"
import type { HashCache } from "./hash-cache.ts"
import { hashFile } from "./hash-file.ts"

export type Listed = { readonly name: string; readonly kind: FileKind }

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
  /** The text of a file, or undefined when there is none. Fails with `cannot` when it is not UTF-8. */
  text(path: string): Promise<string | undefined>
  /** The hash of a regular file, 64 hexadecimal digits, from the cache where it has not changed. */
  hash(path: string): Promise<string>
}

/** Looks at a folder of this machine. The folder need not exist. */
export function viewFolder(folder: string, host: Pick<Host, "files">, cache: HashCache): FolderView {
  const at = (path: string): string => (path === "" ? folder : join(folder, path))
  const list = remember((path: string) => host.files.list(at(path)))
  const stat = remember((path: string) => host.files.stat(at(path)))
  const kinds = remember(async (path: string) => {
    const listed = await list(path)
    return listed && new Map(listed.map(({ name, kind }) => [name, kind]))
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
    readLink: remember((path: string) => host.files.readLink(at(path))),
    text: remember(async (path: string) => {
      if ((await host.files.stat(at(path))) === undefined) return undefined
      return decode(await host.files.read(at(path)), path)
    }),
    hash: remember(async (path: string) => {
      const before = await stat(path)
      if (before === undefined) throw new Failure("cannot", `${path} is not there any more`)
      return cache.get(path, before) ?? hashFile(host, { path, absolute: at(path), before, cache })
    }),
  }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new Failure("cannot", `${path} is not UTF-8 text`, { cause })
  }
}

function remember<T>(ask: (path: string) => Promise<T>): (path: string) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return (path) => {
    const found = known.get(path)
    if (found !== undefined) return found
    const answer = ask(path)
    known.set(path, answer)
    return answer
  }
}
