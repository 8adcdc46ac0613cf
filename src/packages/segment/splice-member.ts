import { createInflateRaw } from "node:zlib"
import { hash } from "node:crypto"
import { pipeline } from "node:stream/promises"
import type { TarHeader } from "../../oci/tar/header.ts"
import type { Bytes } from "../wheel/bytes.ts"
import { checkContent, unpack, wholeLimit } from "../wheel/content.ts"
import { locate } from "../wheel/locate.ts"
import { promisedHash, recordHasher, type RecordRow } from "../wheel/record.ts"
import { shown, type Refuse } from "../wheel/refusal.ts"
import type { Member } from "../wheel/zip.ts"
import { storedBlockHeader, storedBlockSize } from "./deflate.ts"
import { runningCrc, type LayerWriter, type Splice } from "./layer-writer.ts"

const pieceSize = 256 * 1024

/** A member of a wheel on its way into a layer. */
export type Spliced = {
  readonly header: TarHeader
  readonly member: Member
  /** Its row in RECORD; undefined for RECORD's own signatures. */
  readonly promised: RecordRow | undefined
}

/**
 * Puts a wheel's member into a layer with its compressed bytes as they are. It is unpacked once, which gives the
 * diffID and proves size, CRC and the hash in RECORD. Fails with a sentence about the wheel; the layer is then void.
 */
export async function spliceMember(
  writer: LayerWriter,
  from: { bytes: Bytes; refuse: Refuse },
  { header, member, promised }: Spliced,
): Promise<void> {
  const start = locate(from.bytes, member, from.refuse)
  const promise = promised === undefined ? undefined : promisedHash(promised)
  if (promised !== undefined && promise === undefined) {
    throw from.refuse(`its RECORD has no SHA-256 hash for ${shown(member.path)}`)
  }
  const matches = (digest: string): void => {
    if (promised !== undefined && promised.size !== "" && promised.size !== String(member.size)) {
      throw from.refuse(`its member ${shown(member.path)} has another size than its RECORD says`)
    }
    if (promise !== undefined && digest !== promise.digest) {
      throw from.refuse(`its member ${shown(member.path)} does not match its RECORD`)
    }
  }
  if (member.size > wholeLimit || member.packed > 2 * wholeLimit) {
    const running = recordHasher(promise?.algorithm ?? "sha256")
    await streamMember(writer.spliced(header), { ...from, member, start }, (bytes) => running.update(bytes))
    matches(running.digest())
    return
  }
  const packed = from.bytes.lend(start, member.packed)
  const content = unpack(packed, member, from.refuse)
  if (promise !== undefined) matches(hash(promise.algorithm, content, "base64url"))
  if (content.length === 0) {
    writer.entry(header)
    return
  }
  const splice = writer.spliced(header)
  splice.begin()
  if (member.method === 0) storeAll(splice, content)
  else splice.packed(packed)
  splice.plain(content)
  splice.end(member.crc)
}

function storeAll(splice: Splice, content: Buffer): void {
  for (let at = 0; at < content.length; at += storedBlockSize) {
    const block = content.subarray(at, at + storedBlockSize)
    splice.packed(storedBlockHeader(block.length, at + storedBlockSize >= content.length))
    splice.packed(block)
  }
}

type Streamed = { bytes: Bytes; refuse: Refuse; member: Member; start: number }

async function streamMember(splice: Splice, from: Streamed, update: (bytes: Uint8Array) => void): Promise<void> {
  const { member, refuse } = from
  const crc = runningCrc()
  let size = 0
  const plain = (bytes: Uint8Array): void => {
    size += bytes.length
    if (size > member.size) throw refuse(`its member ${shown(member.path)} lies about its size`)
    crc.update(bytes)
    update(bytes)
    splice.plain(bytes)
  }
  splice.begin()
  if (member.method === 0) {
    for (let at = 0; at < member.size; at += storedBlockSize) {
      const block = from.bytes.lend(from.start + at, Math.min(storedBlockSize, member.size - at))
      splice.packed(storedBlockHeader(block.length, at + storedBlockSize >= member.size))
      splice.packed(block)
      plain(block)
    }
  } else {
    const inflate = createInflateRaw({ chunkSize: pieceSize })
    const consume = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const piece of source) plain(piece)
    }
    await pipeline(() => packedPieces(splice, from), inflate, consume).catch((error: unknown) => {
      if (error instanceof Error && error.name === "Failure") throw error
      throw refuse(`its member ${shown(member.path)} cannot be unpacked`, error)
    })
    if (inflate.bytesWritten !== member.packed) throw refuse(`its member ${shown(member.path)} has bytes after its end`)
  }
  checkContent({ size, crc: crc.value() }, member, refuse)
  splice.end(member.crc)
}

async function* packedPieces(splice: Splice, { bytes, member, start }: Streamed): AsyncIterable<Uint8Array> {
  for (let at = 0; at < member.packed; at += pieceSize) {
    const piece = bytes.read(start + at, Math.min(pieceSize, member.packed - at))
    splice.packed(piece)
    yield piece
  }
}
