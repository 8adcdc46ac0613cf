import { gunzipSync } from "node:zlib"
import { inflater } from "../../src/packages/segment/inflate.ts"
import { joinLayer } from "../../src/packages/segment/join.ts"
import { packedRecipe, recipeOf } from "../../src/packages/segment/recipe.ts"
import type { Compression } from "../../src/tree/step.ts"
import { bytesOf } from "../../src/packages/wheel/bytes.ts"
import type { Target } from "../../src/packages/wheel/target.ts"

const shared = inflater()

/** The layer of a pack of bytecode that has these files. */
export function layerOfPack(files: readonly Uint8Array[], compression: Compression): Buffer {
  const target: Target = { prefix: "/opt/env", kind: "venv", python: "3.11", uid: 1000, gid: 100 }
  const offsets = files.map((_, at) => files.slice(0, at).reduce((sum, { length }) => sum + length, 0))
  const pieces = files.map(({ length: size }, at) => ({
    path: `lib/python3.11/site-packages/demo/__pycache__/f${at}.cpython-311.pyc`,
    offset: offsets[at] ?? 0,
    size,
  }))
  const { files: recipe } = packedRecipe({ name: "demo", version: "1.0", pack: "" }, pieces, target)
  const written: Buffer[] = []
  const segment = { file: "", filename: "demo.pyc", sha256: "", recipe: "", kept: undefined, omit: [] }
  joinLayer(
    { target, compression, segments: [segment] },
    {
      wheel: () => ({ ...bytesOf(Buffer.concat(files)), close: () => undefined }),
      recipe: () => recipe,
      kept: () => undefined,
      keep: (next) => ({ ...next, keep: () => undefined, drop: () => undefined }),
      inflater: shared,
      write: (piece) => void written.push(Buffer.from(piece)),
    },
  )
  return Buffer.concat(written)
}

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
