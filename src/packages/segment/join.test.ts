import { createInflateRaw, gunzipSync } from "node:zlib"
import { createHash } from "node:crypto"
import { expect, test } from "vitest"
import { wheelOf, type WheelMember } from "../../../test/support/wheels.ts"
import { decompress } from "../../oci/layer/decompress.ts"
import type { Compression } from "../../tree/step.ts"
import { bytesOf } from "../wheel/bytes.ts"
import type { Target } from "../wheel/target.ts"
import type { Notes } from "./forms/form.ts"
import { inflater } from "./inflate.ts"
import { joinLayer, type JoinDoor, type LayerRequest } from "./join.ts"
import { recipeFilesFromText, recipeOf, recipeText } from "./recipe.ts"
import type { Sink, WrittenLayer } from "./sink.ts"

const target: Target = { prefix: "/opt/env", kind: "venv", python: "3.11", uid: 1000, gid: 100 }
const compressions: readonly Compression[] = ["gzip", "zstd", "estargz", "single-member"]

function noise(size: number, seed: string): Buffer {
  return createHash("shake256", { outputLength: size }).update(seed).digest()
}

const members: readonly WheelMember[] = [
  { path: "demo/empty.py", content: "" },
  { path: "demo/stored.bin", content: noise(70_000, "s"), method: 0 },
  { path: "demo/large.so", content: Buffer.concat([noise(600_000, "l"), Buffer.alloc(600_000)]) },
  { path: "demo/text.py", content: "print('hello')\n".repeat(2_000) },
]
const wheels = new Map(
  [
    wheelOf({ name: "demo", version: "1.0", members, entryPoints: "[console_scripts]\ndemo = demo:main\n" }),
    wheelOf({ name: "other", version: "2.0", members: [{ path: "other/ä.py", content: "x = 1\n" }] }),
  ].map(({ bytes, filename }) => [filename, bytes] as const),
)

type Kept = {
  readonly packed: Buffer
  readonly plain: Buffer | undefined
  readonly directories: readonly string[]
  readonly notes: Notes | undefined
}

/** A cache in memory. `keepPlain` says whether archives are kept as well. */
function memory(keepPlain: boolean): {
  readonly join: (compression: Compression, more?: Partial<LayerRequest>) => { layer: WrittenLayer; blob: Buffer }
  readonly made: () => number
} {
  const cache = new Map<string, Kept>()
  let made = 0
  const join = (compression: Compression, more: Partial<LayerRequest> = {}): { layer: WrittenLayer; blob: Buffer } => {
    const pieces: Buffer[] = []
    const door: JoinDoor = {
      inflater: inflater(),
      wheel: ({ filename }) => ({ ...bytesOf(wheels.get(filename) ?? Buffer.alloc(0)), close: () => undefined }),
      recipe: ({ filename }) => {
        const bytes = bytesOf(wheels.get(filename) ?? Buffer.alloc(0))
        return recipeFilesFromText(recipeText(recipeOf({ bytes, filename }, target).files))
      },
      kept(kept) {
        const found = cache.get(kept)
        if (found === undefined) return undefined
        const { packed, plain, directories, notes } = found
        return {
          packed: packed.length,
          plain: plain?.length,
          notes,
          directories,
          readPacked: (take) => take(packed),
          readPlain: (take) => take(plain ?? Buffer.alloc(0)),
          close: () => undefined,
        }
      },
      keep(next) {
        const parts: { readonly packed: Buffer[]; readonly plain: Buffer[] } = { packed: [], plain: [] }
        const tee = (field: keyof Sink) => (bytes: Uint8Array) => {
          parts[field].push(Buffer.from(bytes))
          next[field](bytes)
        }
        made++
        return {
          packed: tee("packed"),
          plain: tee("plain"),
          keep: (path, { directories, notes }) => {
            const plain = keepPlain ? Buffer.concat(parts.plain) : undefined
            cache.set(path, { packed: Buffer.concat(parts.packed), plain, directories, notes })
          },
          drop: () => undefined,
        }
      },
      write: (piece) => void pieces.push(Buffer.from(piece)),
    }
    const segments = [...wheels.keys()].map((filename) => {
      const kept = `${compression} ${filename}`
      return { file: "", filename, sha256: "", recipe: "", kept, omit: [] }
    })
    const layer = joinLayer({ target, compression, segments, ...more }, door)
    return { layer, blob: Buffer.concat(pieces) }
  }
  return { join, made: () => made }
}

async function archiveOf(blob: Buffer): Promise<Buffer> {
  const source = async function* (): AsyncIterable<Uint8Array> {
    yield blob
  }
  return Buffer.concat(await Array.fromAsync(decompress(source(), "the layer")))
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`
}

test.each(compressions)(
  "a %s layer is what it says, and the same from kept segments as from wheels",
  async (compression) => {
    for (const keepPlain of [true, false]) {
      const { join, made } = memory(keepPlain)
      const first = join(compression)
      expect(first.layer).toMatchObject({
        digest: sha256(first.blob),
        size: first.blob.length,
        diffId: sha256(await archiveOf(first.blob)),
      })
      const { diffId } = first.layer
      expect(join(compression)).toEqual(first)
      expect(join(compression, { diffId })).toEqual(first)
      expect(made()).toBe(wheels.size)
    }
  },
)

test("the diffID does not depend on how a layer is compressed, where the archive is the same", () => {
  const [gzip, zstd, , single] = compressions.map((compression) => memory(true).join(compression).layer)
  expect(zstd?.diffId).toBe(gzip?.diffId)
  expect(single?.diffId).toBe(gzip?.diffId)
  expect(new Set([gzip?.digest, zstd?.digest, single?.digest]).size).toBe(3)
})

test("single-member is one: a reader that stops after the first sees it all", async () => {
  const { blob } = memory(true).join("single-member")
  expect(blob.subarray(0, 10).toString("hex")).toBe("1f8b08000000000000ff")
  const reader = createInflateRaw()
  reader.end(blob.subarray(10))
  const archive = Buffer.concat(await reader.toArray())
  expect(archive.equals(gunzipSync(blob))).toBe(true)
  expect(reader.bytesWritten).toBe(blob.length - 18)
})

test("the table of an estargz layer has every file, at the place of a gzip member with its content", () => {
  const { blob, layer } = memory(true).join("estargz")
  const footer = blob.subarray(-51)
  expect(footer.subarray(12, 14).toString()).toBe("SG")
  const at = Number.parseInt(footer.subarray(16, 32).toString(), 16)
  const archive = gunzipSync(blob.subarray(at))
  expect(archive.subarray(0, 17).toString()).toBe("stargz.index.json")
  const toc = archive.subarray(512, 512 + Number.parseInt(archive.subarray(124, 135).toString(), 8))
  expect(layer.annotations?.["containerd.io/snapshot/stargz/toc.digest"]).toBe(sha256(toc))
  const { entries } = JSON.parse(toc.toString()) as {
    entries: { name: string; type: string; size?: number; offset?: number; digest?: string }[]
  }
  expect(entries.filter(({ type }) => type === "dir")).not.toHaveLength(0)
  const files = entries.filter(({ type }) => type === "reg")
  expect(files[0]?.name).toBe(".no.prefetch.landmark")
  expect(files.map(({ name }) => name)).toContain("opt/env/lib/python3.11/site-packages/other/ä.py")
  for (const { offset, size = 0, digest } of files) {
    if (size === 0) continue
    const content = gunzipSync(blob.subarray(offset)).subarray(0, size)
    expect(sha256(content)).toBe(digest)
  }
})
