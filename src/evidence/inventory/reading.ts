import type { Layer } from "../../oci/image.ts"
import { compressionOf, decompress } from "../../oci/layer/decompress.ts"
import { gunzip } from "../../oci/layer/gunzip.ts"
import { layerBytes } from "../../oci/layer/open.ts"
import type { Bound, LayerName, LayerScan } from "./bounded-scan.ts"
import { scanLayer, type LayerFacts } from "./layer-facts.ts"

/** A layer that is being read from its bytes as they are stored. What it gives back has to be waited for before the next call. */
export type Reading<T> = {
  push(bytes: Uint8Array): void | Promise<void>
  end(): T | Promise<T>
}

/**
 * Begins to read a layer: gzip and archives that are not compressed in this thread and in buffers that are used again, zstd through Node's
 * streams. What a layer is compressed with is seen from its first bytes.
 *
 * @param scan Takes the archive as it comes.
 */
export function openReading<T>(what: string, scan: LayerScan<T>): Reading<T> {
  let head: Buffer = Buffer.alloc(0)
  let opened: Reading<T> | undefined
  return {
    push(bytes) {
      if (opened !== undefined) return opened.push(bytes)
      head = Buffer.concat([head, bytes])
      if (head.length < 4) return undefined
      opened = openKind({ what, scan }, head)
      return opened.push(head)
    },
    async end() {
      if (opened === undefined) {
        opened = openKind({ what, scan }, head)
        await opened.push(head)
      }
      return await opened.end()
    },
  }
}

type Opening<T> = { readonly what: string; readonly scan: LayerScan<T> }

function openKind<T>({ what, scan }: Opening<T>, head: Buffer): Reading<T> {
  const kind = compressionOf(head)
  if (kind === "gzip") return inflating(what, scan)
  if (kind === "zstd") return streaming(what, scan)
  return { push: (bytes) => scan.push(bufferOf(bytes)), end: () => scan.end() }
}

function inflating<T>(what: string, scan: LayerScan<T>): Reading<T> {
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

function streaming<T>(what: string, scan: LayerScan<T>): Reading<T> {
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
  return await readLayerWith(layer, (name) => scanLayer({ ...name, bound }))
}

/** Reads a layer once, from its first byte to its last, with a scan of its own. */
export async function readLayerWith<T>(layer: Layer, begin: (name: LayerName) => LayerScan<T>): Promise<T> {
  const { digest, size } = layer.descriptor
  const what = `the layer ${digest}`
  const reading = openReading(what, begin({ what, size }))
  for await (const bytes of layerBytes(layer)) await reading.push(bytes)
  return await reading.end()
}
