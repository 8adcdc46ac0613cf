import { createHash } from "node:crypto"
import { crc32, deflateRawSync } from "node:zlib"

/** A member of a wheel, with what a hostile writer may say about it. */
export type WheelMember = {
  readonly path: string
  readonly content?: string | Uint8Array
  /** Unix mode with its kind; 0o100644 unless given. */
  readonly mode?: number
  /** The system that it says it is from: 3, Unix, unless given. */
  readonly system?: number
  readonly method?: 0 | 8
  /** Bytes to write instead of the compressed content. */
  readonly packed?: Uint8Array
  /** What both headers say instead of the truth. */
  readonly says?: {
    readonly crc?: number
    readonly size?: number
    readonly packed?: number
    readonly flags?: number
    readonly method?: number
  }
  /** What the local header alone says instead. */
  readonly local?: {
    readonly path?: string
    readonly crc?: number
    readonly size?: number
    readonly method?: number
    readonly flags?: number
    /** The size in the data descriptor. */
    readonly described?: number
  }
  /** Bytes behind the member that belong to none. */
  readonly after?: Uint8Array
  /** Sizes behind the content instead of in the local header. */
  readonly descriptor?: boolean
  /** Sizes in a zip64 extra field. */
  readonly zip64?: boolean
  /** The local header of another member counts as this one's too. */
  readonly sameAs?: string
  /** Extra fields of both headers, beside those that are needed. */
  readonly extra?: Uint8Array
  /** Extra fields that the local header alone has. */
  readonly localExtra?: Uint8Array
  /** What the directory has as the member's comment. */
  readonly comment?: Uint8Array
}

/** A zip archive of members, byte by byte. */
export function zipOf(
  members: readonly WheelMember[],
  ends: { readonly after?: Uint8Array; readonly count?: number; readonly comment?: Uint8Array } = {},
): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  const offsets = new Map<string, number>()
  let offset = 0
  for (const member of members) {
    const content = Buffer.from(member.content ?? "")
    const used = member.method ?? 8
    const method = member.says?.method ?? used
    const packed = Buffer.from(member.packed ?? (used === 0 ? content : deflateRawSync(content)))
    const crc = member.says?.crc ?? crc32(content)
    const size = member.says?.size ?? content.length
    const packedSize = member.says?.packed ?? packed.length
    const flags = (member.says?.flags ?? 0x800) | (member.descriptor === true ? 8 : 0)
    const path = Buffer.from(member.path)
    const more = Buffer.from(member.extra ?? [])
    const extra = member.zip64 === true ? Buffer.concat([zip64(size, packedSize), more]) : more
    const comment = Buffer.from(member.comment ?? [])
    const fields = (wanted: { crc: number; size: number; packed: number; method: number }): Buffer => {
      const block = Buffer.alloc(22)
      block.writeUInt16LE(flags, 0)
      block.writeUInt16LE(wanted.method, 2)
      block.writeUInt32LE(wanted.crc >>> 0, 8)
      block.writeUInt32LE(member.zip64 === true ? 0xffffffff : wanted.packed, 12)
      block.writeUInt32LE(member.zip64 === true ? 0xffffffff : wanted.size, 16)
      return block
    }
    const at = member.sameAs === undefined ? offset : (offsets.get(member.sameAs) ?? 0)
    if (member.sameAs === undefined) {
      const name = Buffer.from(member.local?.path ?? member.path)
      const head = fields({
        crc: member.local?.crc ?? (member.descriptor === true ? 0 : crc),
        size: member.local?.size ?? (member.descriptor === true ? 0 : size),
        packed: member.descriptor === true ? 0 : packedSize,
        method: member.local?.method ?? method,
      })
      head.writeUInt16LE(member.local?.flags ?? flags, 0)
      head.writeUInt16LE(name.length, 20)
      const lengths = Buffer.alloc(2)
      const ownSizes = member.zip64 === true ? zip64(member.local?.size ?? size, packedSize) : Buffer.alloc(0)
      const ownExtra = Buffer.concat([ownSizes, more, Buffer.from(member.localExtra ?? [])])
      lengths.writeUInt16LE(ownExtra.length)
      const tail = Buffer.alloc(member.descriptor === true ? 16 : 0)
      if (member.descriptor === true) {
        tail.writeUInt32LE(0x08074b50, 0)
        tail.writeUInt32LE(crc >>> 0, 4)
        tail.writeUInt32LE(packedSize, 8)
        tail.writeUInt32LE(member.local?.described ?? size, 12)
      }
      const local = Buffer.concat([
        Buffer.from("PK\u0003\u0004\u0014\u0000", "latin1"),
        head,
        lengths,
        name,
        ownExtra,
        packed,
        tail,
        Buffer.from(member.after ?? []),
      ])
      offsets.set(member.path, offset)
      parts.push(local)
      offset += local.length
    }
    const central = fields({ crc, size, packed: packedSize, method })
    central.writeUInt16LE(path.length, 20)
    const rest = Buffer.alloc(16)
    rest.writeUInt16LE(extra.length, 0)
    rest.writeUInt16LE(comment.length, 2)
    rest.writeUInt32LE(((member.mode ?? 0o100644) << 16) >>> 0, 8)
    rest.writeUInt32LE(at, 12)
    const head = Buffer.from("PK\u0001\u0002\u0014\u0003\u0014\u0000", "latin1")
    head.writeUInt8(member.system ?? 3, 5)
    directory.push(Buffer.concat([head, central, rest, path, extra, comment]))
  }
  const length = directory.reduce((total, entry) => total + entry.length, 0)
  const end = Buffer.alloc(22)
  end.write("PK\u0005\u0006", "latin1")
  end.writeUInt16LE(ends.count ?? members.length, 8)
  end.writeUInt16LE(ends.count ?? members.length, 10)
  end.writeUInt32LE(length, 12)
  end.writeUInt32LE(offset, 16)
  const comment = Buffer.from(ends.comment ?? [])
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...parts, ...directory, end, comment, Buffer.from(ends.after ?? [])])
}

function zip64(size: number, packed: number): Buffer {
  const extra = Buffer.alloc(20)
  extra.writeUInt16LE(1, 0)
  extra.writeUInt16LE(16, 2)
  extra.writeBigUInt64LE(BigInt(size), 4)
  extra.writeBigUInt64LE(BigInt(packed), 12)
  return extra
}

export type WheelText = {
  readonly name: string
  readonly version: string
  /** `py3-none-any` unless given. */
  readonly tag?: string
  readonly members?: readonly WheelMember[]
  /** How members are packed that do not say it. */
  readonly method?: 0 | 8
  readonly entryPoints?: string
  /** Rows of RECORD by path, instead of the true ones; `undefined` leaves a row out. */
  readonly record?: Readonly<Record<string, string | undefined>>
  readonly wheelVersion?: string
  /** What `Root-Is-Purelib` says: `true` unless given. */
  readonly purelib?: string
  readonly metadata?: string | Uint8Array
  /** All of WHEEL, instead of the true one. */
  readonly wheel?: string | Uint8Array
  /** The archive's comment. */
  readonly comment?: Uint8Array
  /** The comment of its last member, which is RECORD. */
  readonly lastComment?: Uint8Array
}

/** A field of RECORD as Python's csv module writes it. */
function quoted(field: string): string {
  return /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}

/** A wheel with its file name, bytes and hash. Its RECORD is true unless told otherwise. */
export type TestWheel = { readonly filename: string; readonly bytes: Buffer; readonly sha256: string }

/** Makes a wheel; without members it has one small module. */
export function wheelOf(text: WheelText): TestWheel {
  const module = text.name.replaceAll("-", "_")
  const info = `${module}-${text.version}.dist-info`
  const members: WheelMember[] = [
    ...(text.members ?? [{ path: `${module}/__init__.py`, content: `name = "${text.name}"\n` }]),
    {
      path: `${info}/METADATA`,
      content: text.metadata ?? `Metadata-Version: 2.1\nName: ${text.name}\nVersion: ${text.version}\n`,
    },
    {
      path: `${info}/WHEEL`,
      content:
        text.wheel ??
        `Wheel-Version: ${text.wheelVersion ?? "1.0"}\nGenerator: test\nRoot-Is-Purelib: ${text.purelib ?? "true"}\nTag: ${text.tag ?? "py3-none-any"}\n`,
    },
    ...(text.entryPoints === undefined ? [] : [{ path: `${info}/entry_points.txt`, content: text.entryPoints }]),
  ]
  const rows = members
    .filter((member) => !member.path.endsWith("/"))
    .map(
      ({ path, content = "" }) =>
        [
          path,
          `${quoted(path)},sha256=${createHash("sha256").update(content).digest("base64url")},${Buffer.from(content).length}`,
        ] as const,
    )
  const told = new Map<string, string | undefined>([...rows, ...Object.entries(text.record ?? {})])
  const record = [...told.values(), `${info}/RECORD,,`].filter((row) => row !== undefined).join("\n")
  const { method = 8 } = text
  const { lastComment = new Uint8Array(), comment = new Uint8Array() } = text
  const all = [...members, { path: `${info}/RECORD`, content: `${record}\n`, comment: lastComment }]
  const bytes = zipOf(
    all.map((member) => ({ method, ...member })),
    { comment },
  )
  return {
    filename: `${module}-${text.version}-${text.tag ?? "py3-none-any"}.whl`,
    bytes,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  }
}
