import type { Layer } from "../../oci/image.ts"
import { compressionOf, decompress } from "../../oci/layer/decompress.ts"
import { gunzip } from "../../oci/layer/gunzip.ts"
import { layerBytes } from "../../oci/layer/open.ts"
import { scanLayer, type Bound, type LayerFacts, type LayerScan } from "./layer-facts.ts"

/** A layer that is being read from its bytes as they are stored. What it gives back has to be waited for before the next call. */
export type Reading = {
  push(bytes: Uint8Array): void | Promise<void>
  end(): LayerFacts | Promise<LayerFacts>
}

/** Which layer it is, and how many bytes it has. */
export type LayerName = { readonly what: string; readonly size: number; readonly bound?: Bound | undefined }

/**
 * Begins to read a layer: gzip and archives that are not compressed in this thread and in buffers that are used again, zstd through Node's
 * streams. What a layer is compressed with is seen from its first bytes.
 */
export function openReading(layer: LayerName): Reading {
  let head: Buffer = Buffer.alloc(0)
  let opened: Reading | undefined
  return {
    push(bytes) {
      if (opened !== undefined) return opened.push(bytes)
      head = Buffer.concat([head, bytes])
      if (head.length < 4) return undefined
      opened = openKind(layer, head)
      return opened.push(head)
    },
    async end() {
      if (opened === undefined) {
        opened = openKind(layer, head)
        await opened.push(head)
      }
      return await opened.end()
    },
  }
}

function openKind({ what, size, bound }: LayerName, head: Buffer): Reading {
  const scan = scanLayer(what, size, bound)
  const kind = compressionOf(head)
  if (kind === "gzip") return inflating(what, scan)
  if (kind === "zstd") return streaming(what, scan)
  return { push: (bytes) => scan.push(bufferOf(bytes)), end: () => scan.end() }
}

function inflating(what: string, scan: LayerScan): Reading {
  const stream = gunzip(what)
  const take = (piece: Buffer): void => scan.push(piece)
  return {
    push: (bytes) => stream.push(bytes, take),
    end() {
      stream.end(take)
      return scan.end()
    },
  }
}

function streaming(what: string, scan: LayerScan): Reading {
  const bytes = new TransformStream<Uint8Array, Uint8Array>()
  const writer = bytes.writable.getWriter()
  const done = (async () => {
    for await (const piece of decompress(bytes.readable, what)) scan.push(bufferOf(piece))
    return scan.end()
  })()
  done.catch((error: unknown) => writer.abort(error).catch(() => undefined))
  return {
    async push(piece) {
      // Why a stream takes nothing more is told by who reads it.
      await Promise.race([writer.write(piece).catch(() => undefined), done])
    },
    async end() {
      await Promise.race([writer.close().catch(() => undefined), done])
      return await done
    },
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Reads a layer once, from its first byte to its last, and takes what is needed for an inventory. Nothing is written
 * anywhere. Fails with `cannot` where the layer is malformed, or where a file has more than anybody would read.
 */
export async function readLayerFacts(layer: Layer, bound?: Bound): Promise<LayerFacts> {
  const { digest, size } = layer.descriptor
  const reading = openReading({ what: `the layer ${digest}`, size, bound })
  for await (const bytes of layerBytes(layer)) await reading.push(bytes)
  return await reading.end()
}
