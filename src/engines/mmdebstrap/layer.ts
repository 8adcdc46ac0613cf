import type { Host } from "../../host/host.ts"
import { hasher } from "../../oci/digest.ts"
import type { Layer } from "../../oci/image.ts"
import { mediaTypes } from "../../oci/media-types.ts"
import { gzipStream } from "../gzip.ts"

export type LayerFile = {
  /** Where its compressed bytes are kept until the image is written. */
  readonly path: string
  readonly createdBy: string
  readonly signal: AbortSignal
}

/** Compresses an archive into a file and says which layer it is. */
export async function writeLayerFile(
  tar: AsyncIterable<Uint8Array>,
  { path, createdBy, signal }: LayerFile,
  host: Pick<Host, "files" | "machine">,
): Promise<Layer> {
  const [plain, packed] = [hasher(), hasher()]
  let size = 0
  const watched = async function* (): AsyncIterable<Uint8Array> {
    for await (const chunk of tar) {
      signal.throwIfAborted()
      plain.update(chunk)
      yield chunk
    }
  }
  const counted = async function* (): AsyncIterable<Uint8Array> {
    for await (const chunk of gzipStream(watched(), Math.min(Math.max(host.machine.cores, 1), 4))) {
      packed.update(chunk)
      size += chunk.length
      yield chunk
    }
  }
  await host.files.write(path, counted(), { flush: false })
  return {
    descriptor: { mediaType: mediaTypes.ociLayerGzip, digest: packed.digest(), size },
    diffId: plain.digest(),
    history: { created_by: createdBy },
    from: { open: () => host.files.stream(path), file: () => Promise.resolve(path) },
  }
}
