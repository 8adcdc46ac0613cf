import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import { hasher, partsOf, type Hasher } from "../../oci/digest.ts"
import { get, repeated, type Asking } from "./get.ts"
import type { Link } from "./link.ts"
import { wheelPath } from "./wheel-cache.ts"

/** The largest wheel that is fetched, in bytes. */
const wheelLimit = 16 * 1024 ** 3
const tooLarge = "A wheel of that size cannot be in a layer: look at what the index has under this name"
/** Bytes that are written at once. */
const pieceSize = 1024 * 1024

export type Downloading = Asking & {
  readonly host: Asking["host"] & Pick<Host, "files" | "random">
  readonly cache: string
  /** Called with the bytes that have come. */
  readonly onBytes: (count: number) => void
}

/**
 * Fetches a file to the cache under its hash. `hashes` are those that it may have (hexadecimal sha256); any other
 * file is refused and dropped. A broken transfer goes on where it ended. Gives the hash.
 */
export async function download(asking: Downloading, link: Link, hashes: ReadonlySet<string>): Promise<string> {
  const found = await takeIn(asking, link, hashes)
  if (hashes.has(found)) return found
  throw new Failure("cannot", `${link.filename} does not have a hash that the lock names: it has sha256:${found}`, {
    hint: "The file was replaced, or the lock is of another index: lock again, and look at what changed",
  })
}

/** As `download`, but a file with another hash is dropped without a word. Gives the hash. */
export async function takeIn(asking: Downloading, link: Link, hashes: ReadonlySet<string>): Promise<string> {
  const { files, random } = asking.host
  await files.makeDirectory(join(asking.cache, "wheels"))
  const temporary = join(asking.cache, "wheels", `.${random(8)}.part`)
  let isTaken = false
  try {
    const found = await fetched(asking, link, temporary)
    if (hashes.has(found)) {
      await files.rename(temporary, wheelPath(asking.cache, found))
      isTaken = true
    }
    return found
  } finally {
    if (!isTaken) await files.remove(temporary)
  }
}

/** Writes the file to a temporary path and gives its hash. */
async function fetched(asking: Downloading, link: Link, temporary: string): Promise<string> {
  const { files } = asking.host
  let hash = hasher()
  let done = 0
  if (new URL(link.url).protocol === "file:") {
    // What a power cut leaves of it does not match its hash. The name is a temporary one already.
    const source = hashed(files.lend(fileURLToPath(link.url)), hash)
    await files.write(temporary, source, { flush: false, temporary })
    return partsOf(hash.digest()).hex
  }
  await files.write(temporary, "")
  await repeated(asking, link.filename, async () => {
    const answer = await get(asking, link.url, {
      "accept-encoding": "identity",
      ...(done === 0 ? {} : { range: `bytes=${done}-` }),
    })
    if (answer.status === 404) throw gone(link)
    if (done > 0 && !(answer.status === 206 && rangeStart(answer.headers["content-range"]) === done)) {
      hash = hasher()
      done = 0
      await files.write(temporary, "")
      if (answer.status === 206)
        throw new Failure("temporary", `Another part of ${link.filename} was sent than asked for`, {
          hint: "Run the command again: the server, or a proxy before it, sent something wrong",
        })
    }
    const expected = done + Number(answer.headers["content-length"] ?? Number.NaN)
    if (expected > wheelLimit)
      throw new Failure("cannot", `${link.filename} has ${expected} bytes, too many for a wheel`, { hint: tooLarge })
    for await (const piece of pieces(answer.body)) {
      await files.append(temporary, piece)
      hash.update(piece)
      done += piece.length
      asking.onBytes(piece.length)
      if (done > wheelLimit)
        throw new Failure("cannot", `${link.filename} has more than ${wheelLimit} bytes, too many for a wheel`, {
          hint: tooLarge,
        })
    }
    if (done < expected)
      throw new Failure("temporary", `${link.filename} ended after ${done} of ${expected} bytes`, {
        hint: "Run the command again when the network is better",
      })
  })
  return partsOf(hash.digest()).hex
}

function gone({ url, filename, isLocked }: Link): Failure {
  return isLocked === true
    ? new Failure("cannot", `${new URL(url).host} does not have ${filename}, which the lock names by its URL`, {
        hint: "It was removed or has moved: lock it again with a URL where it is",
      })
    : new Failure("cannot", `The index links to ${filename}, but does not have it`, {
        hint: "Ask who runs the index to bring it back, or lock another version",
      })
}

function rangeStart(header: string | undefined): number | undefined {
  const match = /^bytes (\d+)-/.exec(header ?? "")
  return match === null ? undefined : Number(match[1])
}

async function* hashed(source: AsyncIterable<Uint8Array>, hash: Hasher): AsyncIterable<Uint8Array> {
  for await (const piece of source) {
    hash.update(piece)
    yield piece
  }
}

/** Joins small pieces. What came before an error is given too. */
async function* pieces(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let held: Uint8Array[] = []
  let size = 0
  try {
    for await (const piece of body) {
      held.push(piece)
      size += piece.length
      if (size < pieceSize) continue
      const joined = Buffer.concat(held)
      held = []
      size = 0
      yield joined
    }
  } catch (error) {
    if (size > 0) yield Buffer.concat(held)
    throw error
  }
  if (size > 0) yield Buffer.concat(held)
}
