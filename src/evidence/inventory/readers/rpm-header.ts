/** What a header of RPM says of a package. Numbers are bytes. */
export type RpmHeader = {
  readonly name: string
  /** `EPOCH:VERSION-RELEASE`, without an epoch where there is none. */
  readonly version: string
  readonly architecture?: string | undefined
  readonly licence?: string | undefined
  readonly vendor?: string | undefined
  /** The file name of the source package. */
  readonly source?: string | undefined
  /** Of its files, installed. */
  readonly size?: number | undefined
}

/** https://github.com/rpm-software-management/rpm/blob/master/include/rpm/rpmtag.h */
const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  size: 1009,
  vendor: 1011,
  licence: 1014,
  architecture: 1022,
  source: 1044,
  longSize: 5009,
} as const

const known: ReadonlySet<number> = new Set(Object.values(tags))
const types = { int32: 4, int64: 5, string: 6 } as const
/** As RPM itself bounds them. */
const mostEntries = 65_535
/** A longer text is none of those that are read. */
const longestText = 4096

/**
 * Reads a header as RPM keeps it in its database: how many entries and bytes, the entries, the bytes. Undefined for what is none.
 * https://rpm-software-management.github.io/rpm/manual/format_header.html
 */
export function rpmHeader(blob: Uint8Array): RpmHeader | undefined {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength)
  if (bytes.length < 8) return undefined
  const [entries, size] = [bytes.readUInt32BE(0), bytes.readUInt32BE(4)]
  if (entries > mostEntries || 8 + entries * 16 + size !== bytes.length) return undefined
  const data = bytes.subarray(8 + entries * 16)
  const found = new Map<number, string | number>()
  for (let at = 8; at < bytes.length - size; at += 16) {
    const tag = bytes.readUInt32BE(at)
    // What comes later is what was added later; the first is of the package as it was built.
    if (!known.has(tag) || found.has(tag)) continue
    const value = valueAt(data, bytes.readUInt32BE(at + 4), bytes.readUInt32BE(at + 8))
    if (value !== undefined) found.set(tag, value)
  }
  const text = (tag: number): string | undefined => {
    const value = found.get(tag)
    return typeof value === "string" && value !== "" ? value : undefined
  }
  const count = (tag: number): number | undefined => {
    const value = found.get(tag)
    return typeof value === "number" ? value : undefined
  }
  const [name, version, release, epoch] = [text(tags.name), text(tags.version), text(tags.release), count(tags.epoch)]
  if (name === undefined || version === undefined || release === undefined) return undefined
  return {
    name,
    version: `${epoch === undefined ? "" : `${epoch}:`}${version}-${release}`,
    architecture: text(tags.architecture),
    licence: text(tags.licence),
    vendor: text(tags.vendor),
    source: text(tags.source),
    size: count(tags.longSize) ?? count(tags.size),
  }
}

function valueAt(data: Buffer, type: number, offset: number): string | number | undefined {
  if (type === types.string) {
    const end = data.indexOf(0, offset)
    return offset < data.length && end !== -1 && end - offset <= longestText
      ? data.toString("utf8", offset, end)
      : undefined
  }
  if (type === types.int32 && offset + 4 <= data.length) return data.readUInt32BE(offset)
  if (type === types.int64 && offset + 8 <= data.length) return Number(data.readBigUInt64BE(offset))
  return undefined
}
