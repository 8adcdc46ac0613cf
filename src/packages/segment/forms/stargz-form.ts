import { createHash, hash } from "node:crypto"
import { mediaTypes } from "../../../oci/media-types.ts"
import { constantTime, tarEnd, tarHeader, tarPadding, type TarHeader } from "../../../oci/tar/header.ts"
import type { Sink } from "../sink.ts"
import type { LayerForm, Notes, Packer } from "./form.ts"
import { glue } from "./glue.ts"
import { gzipHead, gzipMember, gzipTail } from "./gzip.ts"

/** One member of the archive in the table of contents, as the format names its fields. */
type TocEntry = {
  readonly name: string
  readonly type: "dir" | "reg" | "symlink"
  readonly modtime: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly linkName?: string
  readonly size?: number
  /** Of the gzip member with the content. */
  readonly offset?: number
  readonly digest?: string
  readonly chunkDigest?: string
}

const types = { directory: "dir", file: "reg", symlink: "symlink" } as const

/** Nothing is worth fetching before it is asked for: which files a start reads is not known here. */
const landmark = { path: ".no.prefetch.landmark", content: Buffer.from([0xf]) }
const tocName = "stargz.index.json"
const tocDigest = "containerd.io/snapshot/stargz/toc.digest"
const plainSize = "io.containers.estargz.uncompressed-size"

function entryOf(header: TarHeader): TocEntry {
  if (header.kind !== "file" && header.kind !== "directory" && header.kind !== "symlink")
    throw new Error(`a ${header.kind} has no place in this table of contents`)
  return {
    name: header.kind === "directory" ? `${header.path}/` : header.path,
    type: types[header.kind],
    modtime: new Date((header.mtime ?? constantTime) * 1000).toISOString().replace(".000Z", "Z"),
    mode: header.mode,
    uid: header.uid,
    gid: header.gid,
    ...(header.link === undefined ? {} : { linkName: header.link }),
  }
}

/** Members as in `gzip`, but the content of every file begins one, and there is an entry for each. */
function packer(sink: Sink): Packer {
  const entries: TocEntry[] = []
  let at = 0
  const packed = (bytes: Uint8Array): void => {
    at += bytes.length
    sink.packed(bytes)
  }
  const between = glue((plain) => {
    sink.plain(plain)
    packed(gzipMember(plain))
  })
  const filed = (header: TarHeader, offset: number, sha256: string): void => {
    const digest = `sha256:${sha256}`
    entries.push({ ...entryOf(header), size: header.size, offset, digest, chunkDigest: digest })
  }
  return {
    flush: between.flush,
    plain: between.add,
    notes: () => entries,
    entry(header, content) {
      between.add(tarHeader(header))
      if (content === undefined || content.length === 0) {
        entries.push(entryOf(header))
        return
      }
      between.flush()
      filed(header, at, hash("sha256", content))
      between.add(content)
      between.flush()
      between.add(tarPadding(content.length))
    },
    spliced(header) {
      between.add(tarHeader(header))
      const running = createHash("sha256")
      let offset = 0
      return {
        begin() {
          between.flush()
          offset = at
          packed(gzipHead)
        },
        packed,
        plain(bytes) {
          running.update(bytes)
          sink.plain(bytes)
        },
        end(crc) {
          packed(gzipTail(crc, header.size))
          filed(header, offset, running.digest("hex"))
          between.add(tarPadding(header.size))
        },
      }
    },
  }
}

/**
 * `compression: estargz`: gzip that runtimes with stargz-snapshotter read in parts, when a file is opened. The archive
 * has two members more than that of `gzip`, so the diffID is another. A file is one chunk, however large: its bytes
 * are the wheel's. https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md
 */
export const stargzForm: LayerForm = {
  mediaType: mediaTypes.ociLayerGzip,
  needsArchive: true,
  version: "",
  packer,
  open(blob) {
    let size = 0
    const sink: Sink = {
      packed: blob.packed,
      plain(bytes) {
        size += bytes.length
        blob.plain(bytes)
      },
    }
    const own = packer(sink)
    const { path, content } = landmark
    own.entry({ path, kind: "file", mode: 0o644, uid: 0, gid: 0, size: content.length }, content)
    const entries: TocEntry[] = []
    return {
      sink,
      packer: own,
      segment(at, notes) {
        for (const entry of (notes ?? []) as readonly TocEntry[])
          entries.push(entry.offset === undefined ? entry : { ...entry, offset: entry.offset + at })
      },
      end() {
        own.flush()
        const toc = Buffer.from(
          JSON.stringify({ version: 1, entries: [...(own.notes?.() ?? ([] as Notes)), ...entries] }),
        )
        const header = tarHeader({ path: tocName, kind: "file", mode: 0o444, uid: 0, gid: 0, size: toc.length })
        const place = blob.size()
        // One member from here to the end of the archive, as readers of the table expect it.
        const tail = Buffer.concat([header, toc, tarPadding(toc.length), tarEnd])
        sink.plain(tail)
        blob.packed(gzipMember(tail))
        blob.packed(footer(place))
        return { [tocDigest]: `sha256:${hash("sha256", toc)}`, [plainSize]: String(size) }
      },
    }
  },
}

/** An empty member that says where the table begins. */
function footer(place: number): Buffer {
  const text = Buffer.from(`${place.toString(16).padStart(16, "0")}STARGZ`)
  const extra = Buffer.concat([Buffer.from("SG"), lengthOf(text), text])
  const head = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff])
  const emptyBlock = Buffer.from([1, 0, 0, 0xff, 0xff])
  return Buffer.concat([head, lengthOf(extra), extra, emptyBlock, gzipTail(0, 0)])
}

function lengthOf(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16LE(bytes.length)
  return length
}
