import type { Host } from "../../src/host/host.ts"
import { parallel } from "../../src/parallel.ts"
import type { Item } from "../../src/packages/planner/replay.ts"
import { git } from "./git.ts"
import { nameOf, type Known, type Sizes } from "./sizes.ts"

/** A package of an image, and which packages of the image it needs. */
export type Package = Item & { readonly needs: readonly string[] }

/** An image in its releases, the oldest first. */
export type History = { readonly image: string; readonly releases: readonly (readonly Package[])[] }

export type Histories = {
  readonly images: readonly History[]
  readonly releases: readonly string[]
  /** Different files, by how their size was found. */
  readonly files: Readonly<Record<Known, number>>
}

const lock = "conda-linux-64.lock"

/**
 * The images of a clone whose folders have an explicit conda lock, in its last releases (tags that are dates).
 *
 * @param last releases at most
 */
export async function readHistories(
  host: Pick<Host, "run">,
  clone: string,
  { sizes, last }: { readonly sizes: Sizes; readonly last: number },
): Promise<Histories> {
  const tags = (await git(host, clone, ["tag", "--sort=creatordate"])).split("\n")
  const releases = tags.filter((tag) => /^\d{4}\.\d{2}\.\d{2}$/.test(tag)).slice(-last)
  const listed = await git(host, clone, ["ls-tree", "-r", "--name-only", releases.at(-1) ?? "HEAD"])
  const images = listed
    .split("\n")
    .flatMap((path) => (path.endsWith(`/${lock}`) ? [path.slice(0, -lock.length - 1)] : []))
  const files = new Map<string, Known>()
  const histories = await parallel(images, 1, async (image): Promise<History> => {
    const read = await parallel(releases, 2, async (tag) => {
      const explicit = await git(host, clone, ["show", `${tag}:${image}/${lock}`])
      const needs = readNeeds(await git(host, clone, ["show", `${tag}:${image}/conda-lock.yml`]))
      return [...explicit.matchAll(/^https?:\/\/\S*?([\w-]+\/[^/\s#]+)#/gm)].map(([, file = ""]): Package => {
        const { size, known } = sizes.of(file)
        files.set(file, known)
        const name = nameOf(file)
        return { name, id: file, size, needs: needs.get(name) ?? [] }
      })
    })
    return { image, releases: read.filter((packages) => packages.length > 0) }
  })
  const count = (wanted: Known): number => [...files.values()].filter((known) => known === wanted).length
  return {
    images: histories,
    releases,
    files: { exact: count("exact"), median: count("median"), guess: count("guess") },
  }
}

/** Which package needs which, of a `conda-lock.yml`: read by lines, since there are millions. */
function readNeeds(text: string): ReadonlyMap<string, readonly string[]> {
  const needs = new Map<string, string[]>()
  for (const entry of text.split(/^- name: /m).slice(1)) {
    if (!/^ {2}platform: linux-64$/m.test(entry)) continue
    const name = entry.slice(0, entry.indexOf("\n"))
    const list = /^ {2}dependencies:\n((?: {4}.*\n)+)/m.exec(entry)?.[1] ?? ""
    needs.set(
      name,
      [...list.matchAll(/^ {4}([^:\s]+):/gm)].map(([, need = ""]) => need),
    )
  }
  return needs
}
