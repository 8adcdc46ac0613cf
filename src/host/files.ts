export type FileKind = "file" | "directory" | "link" | "other"

export type FileStat = {
  readonly kind: FileKind
  /** In bytes. */
  readonly size: number
  /** Permission bits, such as 0o644. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly device: bigint
  readonly inode: bigint
  /** Nanoseconds since 1970. */
  readonly mtime: bigint
  readonly ctime: bigint
}

export type Content = Uint8Array | string | AsyncIterable<Uint8Array>

export type WriteOptions = {
  /** Permission bits; 0o644 unless given. */
  readonly mode?: number
  /** Where the bytes are until they are complete: a new name in the same file system; beside the file unless given. */
  readonly temporary?: string
  /** False where a power cut may take the bytes: who depends on them calls `flush`. */
  readonly flush?: boolean
}

/**
 * Files of this machine. Errors of the operating system come through as they are (`code: "ENOENT"` and so on);
 * `stat`, `readLink` and `list` give `undefined` for what is not there.
 */
export type Files = {
  read(path: string): Promise<Uint8Array>
  readText(path: string): Promise<string>
  /** The bytes as a stream, or the part `[first, last]`, both included. */
  stream(path: string, range?: readonly [number, number]): AsyncIterable<Uint8Array>
  /** The same, in pieces that are valid only until the next is asked for: nothing has to be collected after them. */
  lend(path: string): AsyncIterable<Uint8Array>
  /** Writes to a temporary name, flushes, then renames: readers see the old bytes or the new. */
  write(path: string, content: Content, options?: WriteOptions): Promise<void>
  /** Comes back when the bytes of a file are on the disk. */
  flush(path: string): Promise<void>
  /** Creates the file; false, and nothing written, if it is there already. */
  create(path: string, content: Uint8Array | string): Promise<boolean>
  append(path: string, content: Uint8Array | string): Promise<void>
  /** Does not follow a link at the end. */
  stat(path: string): Promise<FileStat | undefined>
  /** Names in byte order, with kinds; links are not followed. */
  list(path: string): Promise<readonly { readonly name: string; readonly kind: FileKind }[] | undefined>
  readLink(path: string): Promise<string | undefined>
  /** The path with all links resolved. */
  realPath(path: string): Promise<string>
  makeDirectory(path: string): Promise<void>
  /** A new empty directory below the machine's temporary folder, or below `parent`. */
  makeTemporary(prefix: string, parent?: string): Promise<string>
  rename(from: string, to: string): Promise<void>
  /** A hard link, and the folder for it; an existing `to` is an error (`EEXIST`). */
  link(from: string, to: string): Promise<void>
  symlink(target: string, path: string): Promise<void>
  /** A file or an empty or full directory; nothing happens if it is not there. */
  remove(path: string): Promise<void>
  setMode(path: string, mode: number): Promise<void>
  /** Does not follow a link at the end. */
  setOwner(path: string, uid: number, gid: number): Promise<void>
  /** Sets both times to now: how a user of a cached file says that it is wanted. With `create`, an empty file is made if there is none. */
  touch(path: string, options?: { readonly create?: boolean }): Promise<void>
  /**
   * Waits until this process alone holds the lock file, at most `timeout` milliseconds, then fails with `temporary`.
   * A lock whose process died is taken over. Disposing it releases it.
   */
  lock(path: string, options: { readonly timeout: number; readonly signal?: AbortSignal }): Promise<AsyncDisposable>
}
