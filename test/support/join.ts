import { gunzipSync } from "node:zlib"
import { inflater } from "../../src/packages/segment/inflate.ts"
import { joinLayer } from "../../src/packages/segment/join.ts"
import { recipeOf } from "../../src/packages/segment/recipe.ts"
import { bytesOf } from "../../src/packages/wheel/bytes.ts"
import type { Target } from "../../src/packages/wheel/target.ts"

const shared = inflater()

/** Writes a wheel into a layer, which reads every member, and gives the archive. Throws what a build would. */
export function archiveOfWheel(bytes: Buffer, filename: string, target: Target): Buffer {
  const pieces: Buffer[] = []
  joinLayer(
    {
      target,
      compression: "gzip",
      segments: [{ file: "", filename, sha256: "", recipe: "", kept: undefined, omit: [] }],
    },
    {
      wheel: () => ({ ...bytesOf(bytes), close: () => undefined }),
      recipe: () => recipeOf({ bytes: bytesOf(bytes), filename }, target).files,
      kept: () => undefined,
      keep: (next) => ({ ...next, keep: () => undefined, drop: () => undefined }),
      inflater: shared,
      write: (piece) => void pieces.push(Buffer.from(piece)),
    },
  )
  return gunzipSync(Buffer.concat(pieces))
}
