import { createHash } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Worker } from "node:worker_threads"
import fc from "fast-check"
import { expect, test } from "vitest"
import { wheelOf, type WheelMember } from "../../../test/support/wheels.ts"
import { isFailure } from "../../failure.ts"
import { threadFile } from "../../program.ts"
import { bytesOf } from "../wheel/bytes.ts"
import type { Target } from "../wheel/target.ts"
import { openAhead, placesIn, unpackAhead, unpackedAhead, type Ahead } from "./ahead.ts"
import { inflater } from "./inflate.ts"
import { joinLayer } from "./join.ts"
import { recipeOf, type RecipeFile } from "./recipe.ts"
import type { WrittenLayer } from "./sink.ts"
import type { WorkerAnswer, WorkerRequest } from "./worker-messages.ts"

const target: Target = { prefix: "/opt/env", kind: "venv", python: "3.11", uid: 1000, gid: 100 }

function member(size: number, method = 8): RecipeFile {
  const of = { path: "a", offset: 0, packed: size, size, crc: 0, method, mode: 0o644 }
  return { path: "a", mode: 0o644, size, source: { member: of as never, promised: undefined } }
}

const ahead = openAhead()

test("whatever the order, each file is unpacked once and only where it has room", () => {
  const file = fc.oneof(
    fc.nat(100).map((size) => member(size)),
    fc.constant(member(5, 0)),
    fc.constant(own),
  )
  fc.assert(
    fc.property(fc.array(file), fc.array(fc.nat(3)), fc.nat(1500), (files, steps, room) => {
      ahead.turns.fill(0)
      const small: Ahead = { turns: ahead.turns, room: ahead.room.subarray(0, room) }
      const places = placesIn(files, small)
      const [byHelper, byWriter]: [number[], number[]] = [[], []]
      let next = 0
      const write = (until: number): void => {
        for (; next < until; next++) {
          const offset = places.get(next)
          const { size } = files[next] as RecipeFile
          const plain = offset === undefined ? undefined : unpackedAhead(small, { at: next, offset, size })
          if (plain === undefined) byWriter.push(next)
          else expect([plain.length, plain.every((byte) => byte === next % 256)]).toEqual([size, true])
        }
      }
      unpackAhead(files, small, (one, into) => {
        const at = files.lastIndexOf(one, (byHelper.at(-1) ?? files.length) - 1)
        byHelper.push(at)
        into.fill(at % 256)
        // Meanwhile the writer goes on, as far as it need not wait.
        write(Math.min(at, next + (steps[byHelper.length] ?? 0)))
      })
      write(files.length)
      expect([...byHelper, ...byWriter].toSorted((a, b) => a - b)).toEqual(files.map((_, at) => at))
      const taken = byHelper.reduce((sum, at) => sum + (files[at]?.size ?? 0), 0)
      expect(taken).toBeLessThanOrEqual(room)
    }),
  )
})

const own: RecipeFile = { path: "b", mode: 0o644, size: 3, source: { bytes: new Uint8Array(3) } }

function noise(size: number, seed: string): Buffer {
  return createHash("shake256", { outputLength: size }).update(seed).digest()
}

const members: readonly WheelMember[] = [
  ...Array.from({ length: 40 }, (_, at) => ({ path: `demo/${at}.py`, content: `x = ${at}\n`.repeat(at * 50) })),
  { path: "demo/large.so", content: Buffer.concat([noise(900_000, "l"), Buffer.alloc(900_000)]) },
]

type Bench = Disposable & { readonly file: string; readonly filename: string; readonly files: readonly RecipeFile[] }

function benchOf(more: readonly WheelMember[] = []): Bench {
  const { bytes, filename } = wheelOf({ name: "demo", version: "1.0", members: [...members, ...more] })
  const folder = mkdtempSync(join(tmpdir(), "nbstacks-ahead-"))
  const file = join(folder, filename)
  writeFileSync(file, bytes)
  const { files } = recipeOf({ bytes: bytesOf(bytes), filename }, target)
  return { file, filename, files, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

function segmentOf({ file, filename }: Bench): (WorkerRequest & { kind: "ahead" })["segment"] {
  return { file, filename, sha256: "", verified: true, recipe: `${file}.none`, kept: undefined, omit: [] }
}

function written(bench: Bench, shared?: Ahead): WrittenLayer {
  const segment = { ...segmentOf(bench), ahead: shared }
  const bytes = bytesOf(readFileSync(bench.file))
  return joinLayer(
    { target, compression: "gzip", segments: [segment] },
    {
      inflater: inflater(),
      wheel: () => ({ ...bytes, close: () => undefined }),
      recipe: () => bench.files,
      kept: () => undefined,
      keep: () => {
        throw new Error("nothing is kept")
      },
      write: () => undefined,
    },
  )
}

/** Has a real thread unpack all that it can. */
async function helped(bench: Bench): Promise<{ readonly shared: Ahead; readonly value: WorkerAnswer["value"] }> {
  const shared = openAhead()
  const thread = new Worker(threadFile("packages/segment/worker/layer.worker"))
  try {
    // The recipe is not kept: it is made again, of a wheel that has to be what its hash says.
    const sha256 = createHash("sha256").update(readFileSync(bench.file)).digest("hex")
    const answer = new Promise<WorkerAnswer>((resolve) => thread.once("message", resolve))
    const segment = { ...segmentOf(bench), sha256 }
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    thread.postMessage({ id: 0, request: { kind: "ahead", segment, target, ahead: shared } satisfies WorkerRequest })
    return { shared, value: (await answer).value }
  } finally {
    await thread.terminate()
  }
}

test("a layer is the same with what another thread unpacked", async () => {
  using bench = benchOf()
  const { shared, value } = await helped(bench)
  const eligible = placesIn(bench.files, shared).size
  expect(eligible).toBeGreaterThan(39)
  expect(value).toEqual({ kind: "unpacked", files: eligible })
  // All is taken from the other thread: the wheel's own bytes are only copied.
  expect(written(bench, shared)).toEqual(written(bench))
})

test("what the other thread finds wrong is told by the one that writes", async () => {
  using bench = benchOf([{ path: "demo/zz.py", content: "y = 1\n", says: { crc: 1 } }])
  const { shared } = await helped(bench)
  const sentence = (work: () => unknown): string => {
    try {
      work()
    } catch (error) {
      if (isFailure(error)) return error.message
      throw error
    }
    return ""
  }
  expect(sentence(() => written(bench))).toContain("demo/zz.py")
  expect(sentence(() => written(bench, shared))).toBe(sentence(() => written(bench)))
})
