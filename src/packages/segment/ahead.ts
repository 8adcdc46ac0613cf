import type { RecipeFile } from "./recipe.ts"

/**
 * What two threads share while one writes a layer of a large wheel and the other, which has nothing else to do, unpacks files for it. The
 * writer goes forward and the helper backward, until they meet.
 */
export type Ahead = {
  /** Whose turn each file is, by its place in the segment. */
  readonly turns: Int32Array<SharedArrayBuffer>
  /** What the helper unpacked: the last file ends where this ends, and the one before it begins where that begins. */
  readonly room: Uint8Array<SharedArrayBuffer>
}

const free = 0
const writers = 1
const helpers = 2
const unpacked = 3
const failed = 4

const mostFiles = 64 * 1024
const roomSize = 16 * 1024 * 1024
/** The helper has one file at a time, of `roomSize` at most. One that takes longer has died, in milliseconds. */
const patience = 10_000

/** Shared memory for one segment. What is not used of it is never taken from the machine. */
export function openAhead(): Ahead {
  return {
    turns: new Int32Array(new SharedArrayBuffer(4 * mostFiles)),
    room: new Uint8Array(new SharedArrayBuffer(roomSize)),
  }
}

/** Where the content of each file that can be unpacked ahead has its room, by the file's place in the segment. */
export function placesIn(files: readonly RecipeFile[], { room }: Pick<Ahead, "room">): ReadonlyMap<number, number> {
  const places = new Map<number, number>()
  let end = room.length
  for (let at = Math.min(files.length, mostFiles) - 1; at >= 0; at--) {
    const { source, size } = files[at] as RecipeFile
    if (!("member" in source) || source.member.method === 0 || size === 0) continue
    if (size > end) break
    end -= size
    places.set(at, end)
  }
  return places
}

/**
 * The helper's part. `unpack` puts a file's whole content into its room, and throws unless that is what the wheel
 * promises; then the writer finds out for itself. Gives how many files were unpacked.
 */
export function unpackAhead(
  files: readonly RecipeFile[],
  ahead: Ahead,
  unpack: (file: RecipeFile, room: Uint8Array) => void,
): number {
  let count = 0
  // From the last to the first, as they were put in.
  for (const [at, offset] of placesIn(files, ahead)) {
    if (Atomics.compareExchange(ahead.turns, at, free, helpers) !== free) break
    const file = files[at] as RecipeFile
    let turn = failed
    try {
      unpack(file, ahead.room.subarray(offset, offset + file.size))
      turn = unpacked
      count++
    } catch {
      // Told by the writer.
    }
    Atomics.store(ahead.turns, at, turn)
    Atomics.notify(ahead.turns, at)
  }
  return count
}

/** The writer's part: a file's content if the helper has unpacked it, or is about to; undefined when it is the writer's turn. */
export function unpackedAhead(
  { turns, room }: Ahead,
  { at, offset, size }: { readonly at: number; readonly offset: number; readonly size: number },
): Uint8Array | undefined {
  if (Atomics.compareExchange(turns, at, free, writers) === free) return undefined
  Atomics.wait(turns, at, helpers, patience)
  return Atomics.load(turns, at) === unpacked ? room.subarray(offset, offset + size) : undefined
}
