import { createHash, hash } from "node:crypto"
import { crc32 } from "node:zlib"
import type { TarHeader } from "../../oci/tar/header.ts"
import type { Bytes } from "../wheel/bytes.ts"
import { checkContent } from "../wheel/content.ts"
import { locate } from "../wheel/locate.ts"
import { promisedHash } from "../wheel/record.ts"
import { shown, type Refuse } from "../wheel/refusal.ts"
import type { Member } from "../wheel/zip.ts"
import { storedBlockHeader, storedBlockSize } from "./forms/deflate.ts"
import { BadStream, type Inflater } from "./inflate.ts"
import type { Packer, Splice } from "./forms/form.ts"

/** A member of a wheel on its way into a layer. */
export type Spliced = {
  readonly header: TarHeader
  readonly member: Member
  /** Its row in RECORD; undefined for RECORD's own signatures. */
  readonly promised: { readonly hash: string; readonly size: string } | undefined
}

type From = { readonly bytes: Bytes; readonly refuse: Refuse }

/**
 * Puts a wheel's member into an archive with its compressed bytes as they are. It is unpacked once, which gives the
 * diffID and proves size, CRC and the hash in RECORD. Fails with a sentence about the wheel; the archive is then void.
 */
export function spliceMember(
  packer: Packer,
  from: From & { readonly inflater: Inflater },
  { header, ...spliced }: Spliced,
): void {
  const { member } = spliced
  const splice = member.size === 0 ? undefined : packer.spliced(header)
  splice?.begin()
  proveMember(from, spliced, { packed: (piece) => splice?.packed(piece), plain: (piece) => splice?.plain(piece) })
  if (splice === undefined) packer.entry(header)
  else splice.end(member.crc)
}

/** Fills `room`, which has the member's size, with what it holds, proven as by `spliceMember`. */
export function unpackMember(
  room: Uint8Array,
  from: From & { readonly inflater: Inflater },
  member: Omit<Spliced, "header">,
): void {
  let done = 0
  proveMember(from, member, {
    packed: () => undefined,
    plain(piece) {
      room.set(piece, done)
      done += piece.length
    },
  })
}

/** Gives what the member is compressed to as a deflate stream, and what it holds, in any order. */
function proveMember(
  { bytes, refuse, inflater }: From & { readonly inflater: Inflater },
  { member, promised }: Omit<Spliced, "header">,
  to: Pick<Splice, "packed" | "plain">,
): void {
  const start = locate(bytes, member, refuse)
  const name = (): string => `its member ${shown(member.path)}`
  const promise = promised === undefined ? undefined : promisedHash({ path: member.path, ...promised })
  if (promised !== undefined && promise === undefined)
    throw refuse(`its RECORD has no SHA-256 hash for ${shown(member.path)}`)
  const checked = checking(member.size, promise?.algorithm)
  const plain = (piece: Uint8Array): void => {
    checked.update(piece)
    to.plain(piece)
  }
  if (member.method === 0) store(to, { bytes, start, size: member.size, plain })
  else {
    const read = (offset: number, length: number): Uint8Array => {
      const piece = bytes.lend(start + offset, length)
      to.packed(piece)
      return piece
    }
    try {
      inflater.inflate(member, read, plain)
    } catch (error) {
      if (!(error instanceof BadStream)) throw error
      throw refuse(`${name()} ${error.message}`, error.cause ?? error)
    }
  }
  const { size, crc, digest } = checked.end()
  checkContent({ size, crc }, member, refuse)
  if (promised !== undefined && promised.size !== "" && promised.size !== String(member.size))
    throw refuse(`${name()} has another size than its RECORD says`)
  if (promise !== undefined && digest !== promise.digest) throw refuse(`${name()} does not match its RECORD`)
}

/**
 * Puts a member that was proven before into an archive: its compressed bytes are copied, and that is all. `plain` is what they hold, where
 * the archive is hashed.
 */
export function copyMember(
  packer: Packer,
  { bytes, refuse }: From,
  { header, member, plain }: Pick<Spliced, "header" | "member"> & { readonly plain?: Uint8Array | undefined },
): void {
  const start = locate(bytes, member, refuse)
  if (member.size === 0) {
    packer.entry(header)
    return
  }
  const splice = packer.spliced(header)
  splice.begin()
  if (member.method === 0) store(splice, { bytes, start, size: member.size, plain: () => undefined })
  else
    for (let at = 0; at < member.packed; at += copySize)
      splice.packed(bytes.lend(start + at, Math.min(copySize, member.packed - at)))
  if (plain !== undefined) splice.plain(plain)
  splice.end(member.crc)
}

const copySize = 256 * 1024

/** Size, CRC and hash of content that comes in pieces; of one piece, as most members are, without a running hash. */
function checking(
  total: number,
  algorithm: string | undefined,
): {
  update(piece: Uint8Array): void
  end(): { readonly size: number; readonly crc: number; readonly digest: string | undefined }
} {
  let [size, crc] = [0, 0]
  let whole: string | undefined
  let running: ReturnType<typeof createHash> | undefined
  return {
    update(piece) {
      size += piece.length
      crc = crc32(piece, crc)
      if (algorithm === undefined) return
      if (piece.length === total) whole = hash(algorithm, piece, "base64url")
      else (running ??= createHash(algorithm)).update(piece)
    },
    end() {
      const digest =
        algorithm === undefined ? undefined : (whole ?? (running ?? createHash(algorithm)).digest("base64url"))
      return { size, crc, digest }
    },
  }
}

function store(
  to: Pick<Splice, "packed">,
  from: {
    readonly bytes: Bytes
    readonly start: number
    readonly size: number
    readonly plain: (piece: Uint8Array) => void
  },
): void {
  for (let at = 0; at < from.size; at += storedBlockSize) {
    const block = from.bytes.lend(from.start + at, Math.min(storedBlockSize, from.size - at))
    to.packed(storedBlockHeader(block.length, at + storedBlockSize >= from.size))
    to.packed(block)
    from.plain(block)
  }
}
