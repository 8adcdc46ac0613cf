import { posix } from "node:path"
import type { Item } from "./item.ts"
import { noted } from "./noted.ts"
import { isRecord, type LayerFacts, type LayerRecord } from "./layer-facts.ts"

/** Something that is in an image. */
export type Found = Item & {
  /** The file that says so, without a slash in front. */
  readonly path: string
  /** The layer that brought it, counted from 0 at the bottom. */
  readonly layer: number
}

type Live = { readonly record: LayerRecord; readonly layers: readonly number[] }

/**
 * What a container sees of all that the layers of an image bring, from the bottom up: what a later layer removes, replaces
 * or hides is not there. What a later version of a file says again is still of the layer that said it first.
 */
export function joinFacts(layers: readonly LayerFacts[]): readonly Found[] {
  const files = new LiveFiles()
  for (const [at, facts] of layers.entries()) {
    for (const path of facts.gone)
      if (path.endsWith("/")) files.clearBelow(files.real(path.slice(0, -1), true))
      else files.remove(files.real(path))
    for (const member of facts.members)
      if (typeof member === "string") files.unlink(member)
      else if (isRecord(member)) files.set(member, at)
      else if (member[1] === undefined) files.remove(files.real(member[0]))
      else files.link(member[0], member[1])
  }
  return files.found()
}

/** How many links are followed at most, as Linux does. */
const mostLinks = 40

class LiveFiles {
  readonly #files = new Map<string, Live>()
  readonly #links = new Map<string, string>()
  /** For each folder what is somewhere below it, files and links. */
  readonly #below = new Map<string, Set<string>>()

  /** The path with the links of its folders followed; the last part stays as it is, unless that is to be followed too. */
  real(path: string, isWhole = false): string {
    if (this.#links.size === 0) return path
    let [done, left, followed] = ["", path.split("/"), 0]
    if (isWhole) left.push("")
    while (left.length > 1) {
      const [part = "", ...rest] = left
      left = rest
      if (part === "" || part === ".") continue
      if (part === "..") {
        done = posix.dirname(done) === "." ? "" : posix.dirname(done)
        continue
      }
      const here = done === "" ? part : `${done}/${part}`
      const target = this.#links.get(here)
      if (target === undefined) {
        done = here
        continue
      }
      if (++followed > mostLinks) return path
      if (target.startsWith("/")) done = ""
      left = [...target.split("/").filter((one) => one !== ""), ...left]
    }
    const last = left[0] ?? ""
    return done === "" || last === "" ? `${done}${last}` : `${done}/${last}`
  }

  set(record: LayerRecord, at: number): void {
    const path = this.real(record.path)
    const before = this.#files.get(path)
    this.remove(path)
    const origins = new Map(before?.record.items.map((item, index) => [keyOf(item), before.layers[index] ?? at]))
    this.#files.set(path, { record, layers: record.items.map((item) => origins.get(keyOf(item)) ?? at) })
    this.#note(path)
  }

  link(written: string, target: string): void {
    const path = this.real(written)
    if (this.#links.get(path) === target) return
    this.remove(path)
    this.#links.set(path, target)
    this.#note(path)
  }

  /** A folder is where a link was. */
  unlink(path: string): void {
    if (this.#links.size === 0) return
    const real = this.real(path)
    if (this.#links.has(real)) this.#clearAt(real)
  }

  remove(path: string): void {
    this.clearBelow(path)
    this.#clearAt(path)
  }

  clearBelow(folder: string): void {
    const below = folder === "" ? [...this.#files.keys(), ...this.#links.keys()] : [...(this.#below.get(folder) ?? [])]
    for (const path of below) this.#clearAt(path)
  }

  found(): readonly Found[] {
    return [...this.#files].flatMap(([path, { record, layers }]) =>
      record.items.map((item, at): Found => {
        const placed = { ...item, path, layer: layers[at] ?? 0 }
        return placed.kind === "package" ? { ...placed, ...noted(placed, (of) => this.#files.get(of)?.record) } : placed
      }),
    )
  }

  #clearAt(path: string): void {
    const had = this.#files.delete(path)
    if (!this.#links.delete(path) && !had) return
    for (const folder of foldersOf(path)) this.#below.get(folder)?.delete(path)
  }

  #note(path: string): void {
    for (const folder of foldersOf(path)) {
      const below = this.#below.get(folder)
      if (below === undefined) this.#below.set(folder, new Set([path]))
      else below.add(path)
    }
  }
}

function* foldersOf(path: string): Iterable<string> {
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) yield path.slice(0, at)
}

function keyOf(item: Item): string {
  if (item.kind !== "package") return `${item.kind} ${item.name}`
  return `${item.ecosystem} ${item.name} ${item.version} ${item.architecture ?? ""} ${item.build ?? ""}`
}
