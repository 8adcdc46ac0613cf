import { Failure } from "../../failure.ts"
import { tarWalker, type TarVisitor } from "../../oci/tar/walk.ts"

/** A layer may unpack to so many bytes, and so many times its size besides. */
export type Bound = { readonly bytes: number; readonly times: number }

/** Which layer it is, as people call it in an error; how many bytes it has as it is stored; what it may unpack to. */
export type LayerName = { readonly what: string; readonly size: number; readonly bound?: Bound | undefined }

/** A layer's archive that is being read: pieces go in, what was found comes out at its end. */
export type LayerScan<T> = {
  push(piece: Buffer): void
  end(): T
}

/** Who looks at a layer's members, and what was found when all have gone by. */
export type LayerVisitor<T> = TarVisitor & { readonly found: () => T }

/** Real layers unpack to three or four times their size; one of zeros alone to a thousand times. */
const usualBound: Bound = { bytes: 16 * 1024 ** 3, times: 100 }

/** Begins to show a layer's archive to a visitor. Fails with `cannot` where it unpacks to more than the bound. */
export function scanWith<T>({ what, size, bound = usualBound }: LayerName, visitor: LayerVisitor<T>): LayerScan<T> {
  const walker = tarWalker(what, visitor)
  const most = bound.bytes + bound.times * size
  let unpacked = 0
  return {
    push(piece) {
      unpacked += piece.length
      if (unpacked > most)
        throw new Failure("cannot", `Cannot read ${what}: it unpacks to more than ${most} bytes`, {
          hint: "Such a layer is made to harm who reads it",
        })
      walker.push(piece)
    },
    end() {
      walker.end()
      return visitor.found()
    },
  }
}
