import { text } from "./block.ts"
import type { TarHeader } from "./header.ts"
import { broken, type Meta } from "./meta.ts"

/** Takes what a header that is about the next one says. */
export function applyMeta(state: Meta, flag: string, body: Buffer, what: string): void {
  if (flag === "L") state.name = text(body)
  else if (flag === "K") state.link = text(body)
  else for (const [key, value] of parsePax(body, what)) (flag === "g" ? state.global : state.pax).set(key, value)
}

/** The records of a PAX header, `LENGTH KEY=VALUE\n` each; values are bytes. */
function* parsePax(body: Buffer, what: string): Iterable<readonly [string, Buffer]> {
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at)
    const digits = space === -1 ? "" : body.toString("latin1", at, space)
    const length = /^[1-9][0-9]{0,6}$/.test(digits) ? Number(digits) : 0
    const record = body.subarray(space + 1, at + length)
    const equals = record.indexOf(0x3d)
    if (at + length > body.length || equals < 1 || record.at(-1) !== 0x0a)
      throw broken(what, "a PAX header is malformed")
    yield [record.toString("utf8", 0, equals), record.subarray(equals + 1, -1)]
    at += length
  }
}

/** A member's header with what PAX and GNU headers before it say. */
export function applyPax(
  base: TarHeader & { readonly mtime: number },
  meta: Meta,
  what: string,
): TarHeader & { readonly mtime: number } {
  const records = meta.global.size === 0 ? meta.pax : new Map([...meta.global, ...meta.pax])
  const path = records.get("path")?.toString() ?? meta.name ?? base.path
  const link = records.get("linkpath")?.toString() ?? meta.link ?? base.link
  // Archives older than POSIX mark folders by a slash. The short name may be cut right after one: the whole path counts.
  const isDirectory = base.kind === "directory" || (base.kind === "file" && path.endsWith("/"))
  const xattrs: Record<string, Uint8Array> = {}
  for (const [key, value] of records) {
    if (key.startsWith("GNU.sparse.")) throw broken(what, `${path} is a sparse file`)
    if (key.startsWith("SCHILY.xattr.")) xattrs[key.slice("SCHILY.xattr.".length)] = value
  }
  if (path.includes("\0") || link?.includes("\0") === true) throw broken(what, "a name has a zero byte")
  const count = (key: string, otherwise: number): number => {
    const value = records.get(key)?.toString("latin1")
    if (value === undefined) return otherwise
    const parsed = /^-?[0-9]{1,16}(?:\.[0-9]*)?$/.test(value) ? Math.trunc(Number(value)) : Number.NaN
    if (!Number.isSafeInteger(parsed)) throw broken(what, `the PAX field ${key} of ${path} is no number`)
    return Math.max(0, parsed)
  }
  const hasContent = base.kind === "file" && !isDirectory
  return {
    ...base,
    path: path.replace(/\/+$/, ""),
    kind: isDirectory ? "directory" : base.kind,
    uid: count("uid", base.uid),
    gid: count("gid", base.gid),
    // POSIX: links and special files have no content, whatever their size field says.
    size: hasContent ? count("size", base.size) : 0,
    mtime: count("mtime", base.mtime),
    ...(link === undefined ? {} : { link }),
    ...(Object.keys(xattrs).length === 0 ? {} : { xattrs }),
  }
}
