import { gzipSync } from "node:zlib"
import { digestOf } from "../../src/oci/digest.ts"
import { emptyImage, type Image, type Layer } from "../../src/oci/image.ts"
import { mediaTypes } from "../../src/oci/media-types.ts"
import { tarEnd, tarHeader, tarPadding, type TarHeader } from "../../src/oci/tar/header.ts"

/** A member of a small layer: a file's text, or a header's fields. */
export type Member = string | ({ readonly content?: string } & Partial<TarHeader>)

/** A tar archive of members by path. A path that ends in `/` is a directory. */
export function archiveOf(members: Readonly<Record<string, Member>>): Buffer {
  const parts = Object.entries(members).flatMap(([path, member]) => {
    const { content = "", ...fields } = typeof member === "string" ? { content: member } : member
    const bytes = Buffer.from(content)
    const isDirectory = path.endsWith("/")
    const header: TarHeader = {
      path: path.replace(/\/$/, ""),
      kind: isDirectory ? "directory" : "file",
      mode: isDirectory ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
      size: bytes.length,
      ...fields,
    }
    return [tarHeader(header), bytes, tarPadding(bytes.length)]
  })
  return Buffer.concat([...parts, tarEnd])
}

/** A gzipped layer of such members, with its bytes at hand. */
export function layerOf(members: Readonly<Record<string, Member>>, by = "a test"): Layer {
  const archive = archiveOf(members)
  return layerOfBytes(gzipSync(archive), { archive, by })
}

/** A layer of compressed bytes and of what they inflate to. */
export function layerOfBytes(
  bytes: Uint8Array,
  {
    archive,
    by = "a test",
    mediaType = mediaTypes.ociLayerGzip,
  }: { archive: Uint8Array; by?: string; mediaType?: string },
): Layer {
  return {
    descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length },
    diffId: digestOf(archive),
    history: { created_by: by },
    from: {
      open: async function* () {
        yield bytes
      },
    },
  }
}

/** An image for linux/amd64 of such layers, from the bottom up. */
export function imageOf(...layers: readonly Layer[]): Image {
  return { ...emptyImage("linux/amd64"), config: { Cmd: ["/bin/sh"], Env: ["A=1"] }, layers }
}
