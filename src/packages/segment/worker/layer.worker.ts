/**
 * The entry of a worker thread. It reads wheels and writes segments and layer blobs with synchronous calls, which is
 * what makes it fast: one thread unpacks, hashes and writes while the others do the same.
 */
import { randomUUID } from "node:crypto"
import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { parentPort } from "node:worker_threads"
import { unsealed } from "../../../kept-text.ts"
import { problemOf } from "../../../threads/problem.ts"
import { originOf } from "../../wheel/direct-url.ts"
import { refusals } from "../../wheel/refusal.ts"
import type { Target } from "../../wheel/target.ts"
import { inflater } from "../inflate.ts"
import { unpackAhead } from "../ahead.ts"
import { chosen, joinLayer, type JoinDoor, type OpenBytes, type SegmentRequest } from "../join.ts"
import { recipeFilesFromText, recipeOf, type RecipeFile } from "../recipe.ts"
import { recipeTexts } from "../segment-cache.ts"
import { unpackMember } from "../splice-member.ts"
import { openSegment, segmentSink } from "./segment-file.ts"
import { digestOfFile, openBytes } from "./wheel-bytes.ts"
import type { WheelFile, WorkerAnswer, WorkerRequest } from "../worker-messages.ts"

const port = parentPort
if (port === null) throw new Error("layer.worker.ts runs in a worker thread only")

const shared = inflater()

/** Wheels whose bytes were found to be what their hash says. */
const verified = new Set<string>()

class Damaged extends Error {
  override readonly name = "Damaged"
  readonly wheel: WheelFile
  constructor({ file, filename, sha256 }: WheelFile) {
    super(`${filename} is damaged`)
    this.wheel = { file, filename, sha256 }
  }
}

function verify(wheel: WheelFile): void {
  if (verified.has(`${wheel.sha256} ${wheel.file}`)) return
  if (digestIfThere(wheel.file) !== `sha256:${wheel.sha256}`) throw new Damaged(wheel)
  verified.add(`${wheel.sha256} ${wheel.file}`)
}

/** A file that is gone is had anew as one that is damaged. */
function digestIfThere(file: string): string | undefined {
  try {
    return digestOfFile(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}

/** Opens a wheel; one that was cleared from the cache since it was verified is had anew too. */
function openWheel(wheel: WheelFile): OpenBytes {
  try {
    return openBytes(wheel.file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new Damaged(wheel)
    throw error
  }
}

function read({ wheel, target, recipe, temporary }: WorkerRequest & { kind: "read" }): WorkerAnswer["value"] {
  verify(wheel)
  const bytes = openWheel(wheel)
  try {
    const found = recipeOf({ bytes, filename: wheel.filename, origin: originOf(wheel) }, target)
    for (const [path, text] of recipeTexts(recipe, found)) {
      const written = join(temporary, randomUUID())
      // What a power cut leaves of it does not match its hash.
      writeFileSync(written, text)
      renameSync(written, path)
    }
    last = { path: recipe.files, files: found.files }
    return { kind: "read", segment: found.segment }
  } finally {
    bytes.close()
  }
}

function joined({ layer, output, temporary }: WorkerRequest & { kind: "join" }): WorkerAnswer["value"] {
  const out = openSync(output, "wx", 0o644)
  const door: JoinDoor = {
    inflater: shared,
    wheel(segment) {
      if (segment.verified !== true) verify(segment)
      return openWheel(segment)
    },
    recipe: (segment) => recipeFiles(segment, layer.target),
    kept: openSegment,
    keep: (next) => segmentSink(next, join(temporary, randomUUID())),
    write(piece) {
      for (let done = 0; done < piece.length;) done += writeSync(out, piece, done, piece.length - done)
    },
  }
  try {
    return { kind: "joined", layer: joinLayer(layer, door) }
  } finally {
    closeSync(out)
  }
}

/** Unpacks files of a wheel into shared memory, each proven as when it is written. */
function unpacked({ segment, target, ahead }: WorkerRequest & { kind: "ahead" }): WorkerAnswer["value"] {
  const refuse = refusals(segment.filename)
  const bytes = openWheel(segment)
  try {
    const files = unpackAhead(chosen(recipeFiles(segment, target), segment), ahead, (file, room) => {
      if (!("member" in file.source)) throw new Error(`${file.path} is no member`)
      unpackMember(room, { bytes, refuse, inflater: shared }, file.source)
    })
    return { kind: "unpacked", files }
  } finally {
    bytes.close()
  }
}

/** The recipe that was read last: a large wheel is read and written by the same thread, mostly. */
let last: { readonly path: string; readonly files: readonly RecipeFile[] } | undefined

/** The recipe that is kept, or a new one where that is gone or damaged. */
function recipeFiles(segment: SegmentRequest, target: Target): readonly RecipeFile[] {
  if (last?.path === segment.recipe) return last.files
  const text = keptText(segment.recipe)
  if (text !== undefined) return recipeFilesFromText(text)
  verify(segment)
  const bytes = openWheel(segment)
  try {
    return recipeOf({ bytes, filename: segment.filename, origin: originOf(segment) }, target).files
  } finally {
    bytes.close()
  }
}

function keptText(path: string): string | undefined {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch {
    return undefined
  }
  return unsealed(path, text)
}

function answer(request: WorkerRequest): WorkerAnswer["value"] {
  try {
    if (request.kind === "read") return read(request)
    if (request.kind === "join") return joined(request)
    if (request.kind === "ahead") return unpacked(request)
    if (request.kind === "hash") return { kind: "hashed", sha256: digestOfFile(request.file).slice("sha256:".length) }
    verify(request.wheel)
    return { kind: "verified" }
  } catch (error) {
    if (error instanceof Damaged) return { kind: "damaged", wheel: error.wheel }
    return problemOf(error, writtenBy(request))
  }
}

/** Where a request writes. */
function writtenBy(request: WorkerRequest): string | undefined {
  if (request.kind === "join") return request.output
  return request.kind === "read" ? request.temporary : undefined
}

port.on("message", (message: { id: number; request: WorkerRequest }) =>
  port.postMessage({ id: message.id, value: answer(message.request) } satisfies WorkerAnswer),
)
