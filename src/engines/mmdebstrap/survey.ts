import type { Host } from "../../host/host.ts"
import { readTar } from "../../oci/tar/reader.ts"
import type { TarHeader } from "../../oci/tar/header.ts"
import { isLeftover } from "./leftovers.ts"

/** What is in a root, without the leftovers: everything about it but most contents. */
export type Survey = {
  /** In the order of the archive, parents before children. */
  readonly headers: readonly TarHeader[]
  /** Contents of the small files that decide something, by path. */
  readonly texts: ReadonlyMap<string, Buffer>
}

/** Of these the content is wanted: dpkg's database and what a new user's home begins with. */
const wanted = /^(?:var\/lib\/dpkg\/status|var\/lib\/dpkg\/info\/[^/]+\.list|etc\/skel\/.+)$/

/** Files that are read whole are no larger than this, in bytes. */
const maximumText = 64 * 1024 * 1024

/** Reads the tar of a root once. Paths lose their leading `./`; the root directory itself is left out. */
export async function survey(path: string, host: Pick<Host, "files">): Promise<Survey> {
  const headers: TarHeader[] = []
  const texts = new Map<string, Buffer>()
  for await (const { header, content } of rootEntries(path, host)) {
    headers.push(header)
    if (header.kind === "file" && wanted.test(header.path)) texts.set(header.path, await whole(content, header))
  }
  return { headers, texts }
}

/** The entries of a root's tar that go into the image. */
export async function* rootEntries(
  path: string,
  host: Pick<Host, "files">,
): AsyncIterable<{ readonly header: TarHeader; readonly content: AsyncIterable<Uint8Array> }> {
  for await (const { header, content } of readTar(host.files.stream(path), "the root that mmdebstrap made")) {
    const name = header.path.replace(/^(?:\.?\/)+/, "")
    if (name === "" || name === "." || isLeftover({ ...header, path: name })) continue
    const { mtime: _time, link, ...rest } = header
    const target = header.kind === "hardlink" ? link?.replace(/^(?:\.?\/)+/, "") : link
    // apt gives these to the host's `_apt`, or to root where that user cannot reach them. In the image apt does it itself.
    const owner = /^var\/(?:cache\/apt\/archives|lib\/apt\/lists)\/partial$/.test(name)
      ? { uid: 0, gid: 0, mode: 0o700 }
      : {}
    yield { header: { ...rest, ...owner, path: name, ...(target === undefined ? {} : { link: target }) }, content }
  }
}

/** The content of a file that is small by its nature. */
export async function whole(content: AsyncIterable<Uint8Array>, header: TarHeader): Promise<Buffer> {
  if (header.size > maximumText) throw new Error(`${header.path} has ${header.size} bytes`)
  const chunks: Uint8Array[] = []
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks)
}
