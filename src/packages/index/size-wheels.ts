import { fileURLToPath } from "node:url"
import { Failure, isFailure } from "../../failure.ts"
import { parallel } from "../../parallel.ts"
import { chooseWheel } from "../tags/choose.ts"
import { offerAt } from "./at-url.ts"
import {
  knownChoices,
  lockedHashes,
  offersFor,
  openAsking,
  type AskingAll,
  type FindHost,
  type FindOptions,
  type Wanted,
} from "./find-wheels.ts"
import { head, repeated } from "./get.ts"
import type { Link } from "./link.ts"
import { readKnown, wheelPath, writeKnown } from "./wheel-cache.ts"

/** A locked requirement, and the size of the wheel that a build would take, in bytes; or why it is not known. */
export type SizedWheel = { readonly name: string; readonly version: string } & (
  | { readonly sha256: string; readonly size: number }
  | { readonly unknown: string }
)

export type SizeOptions = Omit<FindOptions, "onBytes"> & {
  /** Ask nobody: what the cache knows alone. */
  readonly offline: boolean
  /** Called when a requirement is done. */
  readonly onSized: (done: number) => void
}

/** Projects that are asked for at once. */
const width = 12

/**
 * The wheels for locked requirements with their sizes, in the same order, without fetching any: from the cache, from
 * what an index page says, or from a HEAD request. What is learnt is remembered. Never fails for a requirement: it says
 * why its size is not known.
 */
export async function sizeWheels(
  wanted: readonly Wanted[],
  host: FindHost,
  options: SizeOptions,
): Promise<SizedWheel[]> {
  const asking = openAsking(host, { ...options, onBytes: () => undefined })
  const found = new Map<Wanted, SizedWheel>()
  const byName = [...Map.groupBy(wanted, ({ name }) => name).values()]
  await parallel(byName, width, async (versions) => {
    // An index has one page for all versions of a project: it is read once, and dropped with the project.
    const projects = new Map<string, Promise<Link[]>>()
    const askingOnce = async (): Promise<AskingAll> => ({ ...(await asking()), projects })
    for (const one of versions) {
      options.signal.throwIfAborted()
      found.set(one, await sizeOne(one, { host, options, asking: askingOnce }))
      options.onSized(found.size)
    }
  })
  return wanted.map((one) => found.get(one) ?? { ...named(one), unknown: "it was not asked for" })
}

type Sizing = { readonly host: FindHost; readonly options: SizeOptions; readonly asking: () => Promise<AskingAll> }

async function sizeOne(wanted: Wanted, { host, options, asking }: Sizing): Promise<SizedWheel> {
  const hashes = lockedHashes(wanted)
  const unknown = (why: string): SizedWheel => ({ ...named(wanted), unknown: why })
  const sized = (sha256: string, size: number): SizedWheel => ({ ...named(wanted), sha256, size })
  if (hashes.size === 0) return unknown("it is locked without a SHA-256 hash")
  const cached = async (sha256: string): Promise<number | undefined> =>
    (await host.files.stat(wheelPath(options.cache, sha256)))?.size
  if (wanted.url !== undefined) return await sizeAtUrl(wanted, wanted.url, { host, options, asking })
  const known = await readKnown(host, options.cache, wanted)
  const choice = chooseWheel(knownChoices(known, hashes), options.target)
  const asked = new Set(known.asked)
  // Where some files have not been asked for, a better one may be among them.
  if (choice !== undefined && (options.offline || [...hashes].every((hash) => asked.has(hash)))) {
    const size = (await cached(choice.sha256)) ?? known.files[choice.sha256]?.size
    if (size !== undefined) return sized(choice.sha256, size)
  }
  if (options.offline) {
    // A page without hashes leaves no record, but the file that was fetched is the one that was chosen.
    for (const hash of hashes) {
      const size = await cached(hash)
      if (size !== undefined) return sized(hash, size)
    }
    return unknown("the cache does not know it")
  }
  try {
    const all = await asking()
    const offers = await offersFor(wanted, { asking: all, hashes, take: false })
    const locked = offers.filter(({ link }) => link.sha256 !== undefined && hashes.has(link.sha256))
    const offer = chooseWheel(locked, options.target)
    const sha256 = offer?.link.sha256
    if (offer === undefined || sha256 === undefined)
      return unknown(locked.length === 0 ? "no index has a file with its hash" : "none of its wheels fits this image")
    const size = offer.link.size ?? (await sizeAt(all, offer.link))
    const files = locked.map(({ link, name, requiresPython }) => {
      const told = link === offer.link ? size : link.size
      const facts = {
        ...(requiresPython === undefined ? {} : { requiresPython }),
        ...(told === undefined ? {} : { size: told }),
      }
      return [link.sha256 ?? "", { filename: name.filename, ...facts }] as const
    })
    const place = { ...named(wanted), cache: options.cache }
    await writeKnown(host, place, { files: Object.fromEntries(files), asked: [...hashes] })
    return sized(sha256, size)
  } catch (error) {
    options.signal.throwIfAborted()
    if (!isFailure(error)) throw error
    return unknown(error.message)
  }
}

/** The size of a file at a URL: of the cache's, else what its server says, each time. */
async function sizeAtUrl(wanted: Wanted, url: string, { host, options, asking }: Sizing): Promise<SizedWheel> {
  const unknown = (why: string): SizedWheel => ({ ...named(wanted), unknown: why })
  const [sha256 = ""] = lockedHashes(wanted)
  try {
    const offer = offerAt(url, sha256)
    if (chooseWheel([offer], options.target) === undefined) return unknown("its wheel does not fit this image")
    const cached = (await host.files.stat(wheelPath(options.cache, sha256)))?.size
    if (cached === undefined && options.offline) return unknown("the cache does not know it")
    return { ...named(wanted), sha256, size: cached ?? (await sizeAt(await asking(), offer.link)) }
  } catch (error) {
    options.signal.throwIfAborted()
    if (!isFailure(error)) throw error
    return unknown(error.message)
  }
}

/** What a server says before it would send a file; a file of this machine is looked at. */
async function sizeAt(asking: AskingAll, { url, filename }: Link): Promise<number> {
  if (new URL(url).protocol === "file:") {
    const stat = await asking.host.files.stat(fileURLToPath(url))
    if (stat !== undefined) return stat.size
    throw new Failure("cannot", `${filename} is not there any more`, {
      hint: "Put it back into the folder that pip's `find-links` names, or lock another version",
    })
  }
  return await repeated(asking, filename, async () => {
    const { status, headers } = await head(asking, url, { "accept-encoding": "identity" })
    const size = Number(headers["content-length"] ?? Number.NaN)
    if (status === 200 && Number.isSafeInteger(size)) return size
    throw new Failure("cannot", `The server does not say how large ${filename} is`, {
      hint: "Build the version once: then the cache knows",
    })
  })
}

function named({ name, version }: Wanted): { readonly name: string; readonly version: string } {
  return { name, version }
}
