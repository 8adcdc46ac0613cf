import type { Host } from "../../src/host/host.ts"
import { parallel } from "../../src/parallel.ts"
import { git } from "./git.ts"

/** How the size of a package was found: of this very file, the median of its name, or a guess. */
export type Known = "exact" | "median" | "guess"

/** Sizes by file, such as `linux-64/numpy-2.3.5-py312h33ff503_1.conda`, in bytes. */
export type Sizes = { readonly of: (file: string) => { readonly size: number; readonly known: Known } }

/** What nothing is known of, in bytes. */
const guess = 150_000
/** Versions of one repository's locks that are read at most, evenly over its history. */
const most = 60

/** Sizes from every `pixi.lock` of some clones' histories: the locks of pixi say how large each file is. */
export async function mineSizes(host: Pick<Host, "run">, clones: readonly string[]): Promise<Sizes> {
  const exact = new Map<string, number>()
  for (const clone of clones) {
    const log = await git(host, clone, ["log", "--all", "--format=", "--raw", "--no-abbrev", "--", "*pixi.lock"])
    const blobs = [...new Set([...log.matchAll(/^:\d+ \d+ \S+ ([0-9a-f]{40}) [AM]/gm)].map(([, blob = ""]) => blob))]
    const chosen = blobs.sort().filter((_, at) => at % Math.ceil(blobs.length / most) === 0)
    const texts = await parallel(chosen, 2, (blob) => git(host, clone, ["cat-file", "blob", blob]))
    for (const text of texts) readSizes(text, exact)
  }
  return sizesFrom(exact)
}

/** A lock names a file in one line and its size in a later one. */
function readSizes(text: string, into: Map<string, number>): void {
  let file: string | undefined
  for (const line of text.split("\n")) {
    const named = /^\s*-?\s*(?:url|conda): https:\/\/\S+\/([\w-]+\/[^/\s]+\.(?:conda|tar\.bz2))/.exec(line)
    const size = /^\s+size: (\d+)$/.exec(line)
    if (named?.[1] !== undefined) file = named[1]
    else if (size !== null && file !== undefined) {
      into.set(file, Number(size[1]))
      file = undefined
    }
  }
}

/** The exact size, else the median of files like it: builds of one name differ most by platform, and by CUDA. */
export function sizesFrom(exact: ReadonlyMap<string, number>): Sizes {
  const like = new Map<string, number[]>()
  for (const [file, size] of exact) {
    for (const key of likenesses(file)) {
      const sizes = like.get(key)
      if (sizes === undefined) like.set(key, [size])
      else sizes.push(size)
    }
  }
  return {
    of: (file) => {
      const size = exact.get(file)
      if (size !== undefined) return { size, known: "exact" }
      const near = likenesses(file).find((key) => like.has(key))
      const sorted = near === undefined ? [] : (like.get(near) ?? []).toSorted((a, b) => a - b)
      const middle = sorted[Math.floor(sorted.length / 2)]
      return middle === undefined ? { size: guess, known: "guess" } : { size: middle, known: "median" }
    },
  }
}

function likenesses(file: string): readonly string[] {
  const name = nameOf(file)
  const folder = file.slice(0, file.indexOf("/"))
  return [`${name} ${folder} ${/cuda[^-]*$/.test(file)}`, `${name} ${folder}`, name]
}

/** `numpy` of `linux-64/numpy-2.3.5-py312h33ff503_1.conda`. */
export function nameOf(file: string): string {
  return file.slice(file.indexOf("/") + 1).replace(/-[^-]+-[^-]+$/, "")
}
