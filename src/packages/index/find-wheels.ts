import { fileURLToPath } from "node:url"
import { Failure, isFailure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import { hasher, partsOf } from "../../oci/digest.ts"
import { parallel } from "../../parallel.ts"
import { remembered } from "../../remember.ts"
import { chooseWheel, whyNot } from "../tags/choose.ts"
import type { TagTarget } from "../tags/supported.ts"
import { normalName, parseWheelName, type WheelName } from "../wheel/filename.ts"
import { normalVersion } from "../wheel/versions.ts"
import { offerAt } from "./at-url.ts"
import { download, takeIn, type Downloading } from "./download.ts"
import type { Link } from "./link.ts"
import { findLinksLinks, indexLinks } from "./links.ts"
import { readIndexSettings, requirePlace, type IndexSettings } from "./settings.ts"
import { readKnown, wheelPath, writeKnown, type KnownFiles } from "./wheel-cache.ts"

/** What is wanted: one version of a project, in one of the files with these hashes. */
export type Wanted = {
  /** Normalised as PEP 503 says. */
  readonly name: string
  readonly version: string
  /** Where its file is, if the lock says so: then no index is asked. */
  readonly url?: string | undefined
  /** `sha256:<hex>`; others are of no use. */
  readonly hashes: readonly string[]
}

/** A wheel on this machine, its hash verified when it came. */
export type FoundWheel = {
  readonly name: string
  readonly version: string
  readonly filename: string
  /** Hexadecimal. */
  readonly sha256: string
  readonly file: string
  /** As in what was wanted. */
  readonly url?: string | undefined
}

export type FindHost = Pick<Host, "http" | "files" | "run" | "env" | "machine" | "sleep" | "now" | "random">

export type FindOptions = {
  readonly cache: string
  readonly target: TagTarget
  readonly signal: AbortSignal
  /** Called with the bytes that have come over the network. */
  readonly onBytes: (count: number) => void
  /** What was found before, for images that are made at the same time; one that is being fetched is waited for. */
  readonly found?: Map<string, Promise<FoundWheel>> | undefined
}

/** Pages and files that are fetched at once. */
const width = 12

/**
 * The wheels for some locked requirements, in their order. What the cache has is not asked for; where it knows all
 * files of a version by hash, nobody is asked at all. Fails naming the requirement when no file fits, and saying
 * what there is and why it does not.
 */
export async function findWheels(
  wanted: readonly Wanted[],
  host: FindHost,
  options: FindOptions,
): Promise<FoundWheel[]> {
  const asking = openAsking(host, options)
  const { found = new Map<string, Promise<FoundWheel>>(), target } = options
  return parallel(wanted, width, (one) => {
    return remembered(found, JSON.stringify([one, target]), () => findOne(one, { host, options, asking }))
  })
}

/** Reads the user's configuration at the first call, and remembers pages of links and indexes that failed. */
export function openAsking(host: FindHost, options: FindOptions): () => Promise<AskingAll> {
  let settings: Promise<IndexSettings> | undefined
  const pages = new Map<string, Promise<Link[]>>()
  const failed = new Map<string, Failure>()
  return async () => {
    settings ??= readIndexSettings(host, options.signal)
    return { ...options, host, settings: await settings, pages, failed }
  }
}

export type AskingAll = Downloading & {
  readonly target: TagTarget
  /** Pages of projects that are asked for several versions; not remembered unless given. */
  readonly projects?: Map<string, Promise<Link[]>>
  readonly pages: Map<string, Promise<Link[]>>
  /** Indexes that could not be asked, and why. */
  readonly failed: Map<string, Failure>
}

type Finding = {
  readonly host: FindHost
  readonly options: FindOptions
  readonly asking: () => Promise<AskingAll>
}

async function findOne(wanted: Wanted, finding: Finding): Promise<FoundWheel> {
  const { host, options } = finding
  const hashes = lockedHashes(wanted)
  if (hashes.size === 0) throw noHash(wanted)
  if (wanted.url !== undefined) return await findAtUrl(wanted, wanted.url, finding)
  const found = (sha256: string, filename: string): FoundWheel => {
    const { name, version } = wanted
    return { name, version, filename, sha256, file: wheelPath(options.cache, sha256) }
  }
  const known = await readKnown(host, options.cache, wanted)
  const asked = new Set(known.asked)
  if ([...hashes].every((hash) => asked.has(hash))) {
    const choice = chooseWheel(knownChoices(known, hashes), options.target)
    const file = choice === undefined ? undefined : wheelPath(options.cache, choice.sha256)
    if (choice !== undefined && file !== undefined && (await host.files.stat(file)) !== undefined) {
      // Who clears the cache goes by what was used last.
      await host.files.touch(file).catch(() => undefined)
      return found(choice.sha256, choice.name.filename)
    }
  }
  const asking = await finding.asking()
  const offers = await offersFor(wanted, { asking, hashes, take: true })
  const locked = offers.filter((offer) => offer.link.sha256 !== undefined && hashes.has(offer.link.sha256))
  const sure = chooseWheel(locked, options.target)
  // A page without hashes says less; such a file is fetched and then judged.
  const choice =
    sure ??
    chooseWheel(
      offers.filter((offer) => offer.link.sha256 === undefined),
      options.target,
    )
  if (choice === undefined) throw noneFits(wanted, offers, { hashes, target: options.target })
  const { sha256 } = choice.link
  const isHere = sha256 !== undefined && (await host.files.stat(wheelPath(options.cache, sha256))) !== undefined
  const hash = isHere ? sha256 : await download(asking, choice.link, sha256 === undefined ? hashes : new Set([sha256]))
  if (sure !== undefined) await remember(finding, wanted, { hashes, locked })
  return found(hash, choice.name.filename)
}

/** The file at a URL: from the cache, else fetched. It is judged as one of an index, by its name and its hash. */
async function findAtUrl(wanted: Wanted, url: string, { host, options, asking }: Finding): Promise<FoundWheel> {
  const hashes = lockedHashes(wanted)
  const [sha256 = ""] = hashes
  const offer = offerAt(url, sha256)
  const { target } = options
  if (chooseWheel([offer], target) === undefined) throw noneFits(wanted, [offer], { hashes, target })
  const file = wheelPath(options.cache, sha256)
  if ((await host.files.stat(file)) === undefined) await download(await asking(), offer.link, new Set([sha256]))
  else await host.files.touch(file).catch(() => undefined)
  return { name: wanted.name, version: wanted.version, filename: offer.name.filename, sha256, file, url }
}

/** The hashes of a requirement that are SHA-256, hexadecimal. */
export function lockedHashes({ hashes }: Pick<Wanted, "hashes">): ReadonlySet<string> {
  return new Set(hashes.flatMap((hash) => /^sha256:([0-9a-f]{64})$/.exec(hash)?.[1] ?? []))
}

type Offer = { readonly name: WheelName; readonly requiresPython: string | undefined; readonly link: Link }

/**
 * The wheels of the wanted version that any index or `find-links` entry has; local ones with their hash, and with `take`
 * those in the cache that fit and have one of `hashes`: a file is read once for both.
 */
export async function offersFor(
  wanted: Wanted,
  { asking, hashes, take }: { asking: AskingAll; hashes: ReadonlySet<string>; take: boolean },
): Promise<Offer[]> {
  const version = normalVersion(wanted.version)
  const select = async (links: readonly Link[]): Promise<Offer[]> => {
    const offers: Offer[] = []
    for (const link of links) {
      const name = parseWheelName(link.filename)
      if (name === undefined || normalName(name.distribution) !== wanted.name) continue
      if (normalVersion(name.version) !== version) continue
      const isWanted = take && chooseWheel([{ name }], asking.target) !== undefined
      offers.push({
        name,
        requiresPython: link.requiresPython,
        link: await withHash(asking, link, isWanted ? hashes : none),
      })
    }
    return offers
  }
  requirePlace(asking.settings)
  const all: Offer[] = []
  for (const address of asking.settings.findLinks) {
    const page = asking.pages.get(address) ?? findLinksLinks(asking, address)
    asking.pages.set(address, page)
    all.push(...(await select(await page)))
  }
  let failure: Failure | undefined
  for (const index of asking.settings.indexes) {
    const links = await linksOf(asking, index, wanted.name)
    if (isFailure(links)) {
      failure ??= links
      continue
    }
    all.push(...(await select(links)))
    // Hashes say which files are meant, so that a further index could only have the same ones.
    const seen = new Set(all.map((offer) => offer.link.sha256))
    if ([...hashes].every((hash) => seen.has(hash))) break
    if (
      chooseWheel(
        all.filter(({ link }) => link.sha256 !== undefined && hashes.has(link.sha256)),
        asking.target,
      )
    )
      break
  }
  // An index that refuses or is down is of no matter where another has the file: the hash says that it is the same.
  if (failure !== undefined && !all.some(({ link }) => link.sha256 === undefined || hashes.has(link.sha256)))
    throw failure
  return all
}

/** What an index has of a project, or why it could not be asked; one that failed is not asked for every project. */
async function linksOf(asking: AskingAll, index: string, project: string): Promise<readonly Link[] | Failure> {
  const before = asking.failed.get(index)
  if (before !== undefined) return before
  try {
    const key = `${index} ${project}`
    const page = asking.projects?.get(key) ?? indexLinks(asking, index, project)
    asking.projects?.set(key, page)
    return await page
  } catch (error) {
    asking.signal.throwIfAborted()
    if (!isFailure(error)) throw error
    if (asking.settings.indexes.length > 1) asking.failed.set(index, error)
    return error
  }
}

const none: ReadonlySet<string> = new Set()

/** A file of this machine is hashed, since a folder says nothing about its files; with one of some hashes it is taken. */
async function withHash(asking: Downloading, link: Link, hashes: ReadonlySet<string>): Promise<Link> {
  if (link.sha256 !== undefined || !link.url.startsWith("file:")) return link
  if (hashes.size > 0) return { ...link, sha256: await takeIn(asking, link, hashes) }
  const hash = hasher()
  for await (const piece of asking.host.files.lend(fileURLToPath(link.url))) hash.update(piece)
  return { ...link, sha256: partsOf(hash.digest()).hex }
}

type KnownChoice = { readonly name: WheelName; readonly requiresPython: string | undefined; readonly sha256: string }

/** The files of a record that have one of some hashes. */
export function knownChoices(known: KnownFiles, hashes: ReadonlySet<string>): KnownChoice[] {
  return Object.entries(known.files).flatMap(([sha256, { filename, requiresPython }]) => {
    const name = parseWheelName(filename)
    return name === undefined || !hashes.has(sha256) ? [] : [{ name, requiresPython, sha256 }]
  })
}

async function remember(
  { host, options }: Finding,
  wanted: Wanted,
  { hashes, locked }: { hashes: ReadonlySet<string>; locked: readonly Offer[] },
): Promise<void> {
  const files = locked.map(({ link, name, requiresPython }) => [
    link.sha256 as string,
    { filename: name.filename, ...(requiresPython === undefined ? {} : { requiresPython }) },
  ])
  const place = { name: wanted.name, version: wanted.version, cache: options.cache }
  await writeKnown(host, place, { files: Object.fromEntries(files), asked: [...hashes] })
}

function noHash(wanted: Wanted): Failure {
  return new Failure("no", `${wanted.name} ${wanted.version} is locked without a SHA-256 hash`, {
    hint: "Lock with hashes: `uv pip compile --generate-hashes`, or `pip-compile --generate-hashes`",
  })
}

function noneFits(
  wanted: Wanted,
  offers: readonly Offer[],
  { hashes, target }: { hashes: ReadonlySet<string>; target: TagTarget },
): Failure {
  const what = `${wanted.name} ${wanted.version}`
  const where = `${target.abi === "t" ? "free-threaded " : ""}Python ${target.python} on ${target.platform}${withLibrary(target)}`
  if (offers.length === 0) {
    return new Failure("no", `There is no wheel of ${what} where pip is configured to look`, {
      hint: "A source distribution has to be built first: pin a version that has wheels, or add an index that has one",
    })
  }
  const named = offers.filter(({ link }) => link.sha256 === undefined || hashes.has(link.sha256))
  const local = chooseWheel(
    offers.filter(({ link }) => link.url.startsWith("file:")),
    target,
  )
  // It would fit, so that the lock is not only one for another platform.
  if (named.length === 0 && local !== undefined) {
    const { url, sha256 } = local.link
    return new Failure(
      "no",
      `${fileURLToPath(url)} does not have a hash that the lock names: it has sha256:${sha256}`,
      {
        hint: "It is damaged, or another file than was locked: put the right one there, or lock again and look at what changed",
      },
    )
  }
  if (named.length === 0) {
    return new Failure("no", `No wheel of ${what} has a hash that the lock names`, {
      detail: lines(offers, ({ name }) => name.filename),
      hint: "Lock again for this platform: `uv pip compile --generate-hashes --universal`",
    })
  }
  return new Failure("no", `No wheel of ${what} fits ${where}`, {
    detail: lines(named, (offer) => `${offer.name.filename} ${whyNot(offer, target)}`),
    hint: "Pin a version that has a wheel for this Python and platform, or change the parent",
  })
}

function withLibrary({ glibc, musl }: TagTarget): string {
  return musl === undefined ? (glibc === undefined ? "" : ` with glibc ${glibc}`) : ` with musl ${musl}`
}

function lines(offers: readonly Offer[], line: (offer: Offer) => string): string {
  const shown = offers.slice(0, 12).map((offer) => `  ${line(offer)}`)
  return [...shown, ...(offers.length > 12 ? [`  and ${offers.length - 12} more`] : [])].join("\n")
}
