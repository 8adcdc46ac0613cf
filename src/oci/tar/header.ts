/** The one timestamp that we write: 1980-01-01T00:00:00Z in seconds, the first that a zip file knows. */
export const constantTime = 315_532_800

/** What a tar member is. */
export type TarKind = "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo"

/** A member of a tar archive as it is written. */
export type TarHeader = {
  /** Relative, with `/`; no trailing slash. */
  readonly path: string
  readonly kind: TarKind
  /** Permission bits, set-id and sticky bits included. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** In bytes; 0 for all but files. */
  readonly size: number
  /** Seconds since 1970; `constantTime` unless given. */
  readonly mtime?: number
  /** The target of a symbolic link as it is, or the path of a hard link's first name. */
  readonly link?: string
  readonly device?: { readonly major: number; readonly minor: number }
  /** Extended attributes by name, such as `security.capability`. */
  readonly xattrs?: Readonly<Record<string, Uint8Array>>
}

const flags: Readonly<Record<TarKind, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
}

/** The end of an archive: two empty blocks. */
export const tarEnd: Uint8Array = new Uint8Array(1024)

const zeros = new Uint8Array(512)

/** The zero bytes that follow so many bytes of content. */
export function tarPadding(size: number): Uint8Array {
  return zeros.subarray(0, (512 - (size % 512)) % 512)
}

/**
 * The bytes before a member's content: one ustar block, preceded by a PAX header only where ustar cannot say it
 * (long or non-ASCII names, large numbers, extended attributes). The same header always gives the same bytes.
 * POSIX.1-2017, pax, "ustar Interchange Format".
 */
export function tarHeader(header: TarHeader): Uint8Array {
  const name = header.kind === "directory" ? `${header.path}/` : header.path
  const split = splitName(name)
  const link = header.link ?? ""
  const records: [string, string | Uint8Array][] = []
  if (split === undefined) records.push(["path", name])
  if (!isPlain(link) || link.length > 100) records.push(["linkpath", link])
  if (header.size > 0o77777777777) records.push(["size", String(header.size)])
  if (header.uid > 0o7777777) records.push(["uid", String(header.uid)])
  if (header.gid > 0o7777777) records.push(["gid", String(header.gid)])
  for (const [attribute, value] of Object.entries(header.xattrs ?? {}))
    records.push([`SCHILY.xattr.${attribute}`, value])
  const has = (record: string): boolean => records.some(([key]) => key === record)
  const block = ustar({
    name: split?.name ?? shortened(name),
    prefix: split?.prefix ?? "",
    flag: flags[header.kind],
    mode: header.mode & 0o7777,
    uid: has("uid") ? 0 : header.uid,
    gid: has("gid") ? 0 : header.gid,
    size: has("size") ? 0 : header.size,
    mtime: header.mtime ?? constantTime,
    link: has("linkpath") ? shortened(link) : link,
    device: header.device ?? { major: 0, minor: 0 },
  })
  return records.length === 0 ? block : Buffer.concat([paxHeader(name, records), block])
}

type Ustar = {
  readonly name: string
  readonly prefix: string
  readonly flag: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
  readonly link: string
  readonly device: { readonly major: number; readonly minor: number }
}

function ustar(fields: Ustar): Buffer {
  const block = Buffer.alloc(512)
  block.write(fields.name, 0, 100, "latin1")
  octal(block, fields.mode, 100, 8)
  octal(block, fields.uid, 108, 8)
  octal(block, fields.gid, 116, 8)
  octal(block, fields.size, 124, 12)
  octal(block, fields.mtime, 136, 12)
  block.write("        ", 148, "latin1")
  block.write(fields.flag, 156, "latin1")
  block.write(fields.link, 157, 100, "latin1")
  block.write("ustar\u000000", 257, "latin1")
  octal(block, fields.device.major, 329, 8)
  octal(block, fields.device.minor, 337, 8)
  block.write(fields.prefix, 345, 155, "latin1")
  let sum = 0
  for (let at = 0; at < 512; at++) sum += block[at] ?? 0
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1")
  return block
}

function octal(block: Buffer, value: number, at: number, length: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} cannot stand in a tar header`)
  block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1")
}

/** Name and prefix of a ustar header, or undefined where it needs PAX. */
function splitName(name: string): { name: string; prefix: string } | undefined {
  if (!isPlain(name)) return undefined
  if (name.length <= 100) return { name, prefix: "" }
  const slash = name.lastIndexOf("/", Math.min(155, name.length - 2))
  if (slash < 1 || name.length - slash - 1 > 100) return undefined
  return { name: name.slice(slash + 1), prefix: name.slice(0, slash) }
}

function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}

/** What readers without PAX see: the end of the name in ASCII. */
function shortened(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, "_").slice(-99)
}

function paxHeader(name: string, records: readonly (readonly [string, string | Uint8Array])[]): Buffer {
  const body = Buffer.concat(records.map(([key, value]) => paxRecord(key, value)))
  const block = ustar({
    name: `PaxHeaders/${shortened(name.replace(/\/$/, "").replace(/^.*\//, "")).slice(-80)}`,
    prefix: "",
    flag: "x",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime: constantTime,
    link: "",
    device: { major: 0, minor: 0 },
  })
  return Buffer.concat([block, body, tarPadding(body.length)])
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string | Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value as Uint8Array), Buffer.from("\n")])
  let length = rest.length
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length
  return Buffer.concat([Buffer.from(String(length)), rest])
}
