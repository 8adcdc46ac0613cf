import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"
import { replay } from "../../src/packages/planner/replay.ts"
import { git } from "./git.ts"
import { readHistories, type History, type Package } from "./histories.ts"
import { peers, type Peer } from "./peers.ts"
import type { Simulated } from "./results.ts"
import { mineSizes } from "./sizes.ts"

const budgets = [10, 20, 30, 40, 48, 64, 80, 100]
const lastReleases = 62
/** Packages below this many bytes are small in the second kind of change. */
const small = 1024 * 1024

/**
 * Two kinds of change, replayed from the locks of real images: a relock from release to release, and one small package.
 * `NBSTACKS_BENCH_CLONES` is a folder of clones: one has images with explicit conda locks and releases that are dates
 * (pangeo-data/pangeo-docker-images), and any have `pixi.lock` files, for sizes.
 */
export async function simulateLayers(host: Pick<Host, "run" | "files" | "env" | "now">): Promise<Simulated> {
  const folder = host.env["NBSTACKS_BENCH_CLONES"]
  if (folder === undefined || folder === "") throw new Error("NBSTACKS_BENCH_CLONES names no folder of clones")
  const clones = await clonesIn(host, folder)
  const sizes = await mineSizes(host, clones)
  const sources = await Promise.all(
    clones.map(async (clone) => [clone, await git(host, clone, ["ls-tree", "-r", "--name-only", "HEAD"])] as const),
  )
  const source = sources.find(([, paths]) => /\/conda-linux-64\.lock$/m.test(paths))?.[0]
  if (source === undefined) throw new Error(`No clone in ${folder} has a conda-linux-64.lock`)
  const { images, releases, files } = await readHistories(host, source, { sizes, last: lastReleases })
  const count = files.exact + files.median + files.guess
  return {
    date: host.now().toISOString().slice(0, 10),
    images: images.length,
    releases: releases.length,
    exact: percent(files.exact / count),
    median: percent(files.median / count),
    guess: percent(files.guess / count),
    lines: peers.flatMap((peer) =>
      (peer.bounded ? budgets : [undefined]).map((layers) => figuresOf(peer, images, layers)),
    ),
  }
}

/** Git folders in a folder: the entries themselves, bare or not, or a `repo` in them. */
async function clonesIn(host: Pick<Host, "run" | "files">, folder: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const { name, kind } of (await host.files.list(folder)) ?? []) {
    if (kind !== "directory") continue
    for (const place of [join(folder, name), join(folder, name, "repo")])
      if (
        (await host.files.stat(join(place, "objects"))) !== undefined ||
        (await host.files.stat(join(place, ".git"))) !== undefined
      ) {
        found.push(place)
        break
      }
  }
  return found
}

function figuresOf(
  { by, plan }: Peer,
  images: readonly History[],
  layers: number | undefined,
): Simulated["lines"][number] {
  const make = (packages: readonly Package[]): ReturnType<typeof plan> => plan(packages, layers ?? 1)
  const shares: number[] = []
  const stored = new Map<string, number>()
  let all = 0
  const ones: number[] = []
  for (const { releases } of images) {
    const replayed = replay(releases, (items) => make(items as readonly Package[]))
    for (const { pulled, full } of replayed.updates) shares.push(pulled / full)
    for (const [identity, size] of replayed.stored) stored.set(identity, size)
    for (const packages of releases) all += bytesOf(packages)
    const newest = releases.at(-1)
    if (newest !== undefined) ones.push(mean(oneSmall(newest, make)) / bytesOf(newest))
  }
  return {
    by,
    ...(layers === undefined ? {} : { layers }),
    update: percent(mean(shares)),
    store: percent([...stored.values()].reduce((sum, size) => sum + size, 0) / all),
    small: percent(mean(ones)),
  }
}

/** Bytes that are pulled when one small package comes in another version, for each of them. */
function oneSmall(
  packages: readonly Package[],
  make: (packages: readonly Package[]) => ReturnType<Peer["plan"]>,
): readonly number[] {
  const before = new Set(make(packages).map(({ identity }) => identity))
  return packages
    .filter(({ size }) => size < small)
    .map(({ name }) => {
      const after = make(packages.map((one) => (one.name === name ? { ...one, id: `${one.id} again` } : one)))
      return after.reduce((sum, { identity, size }) => sum + (before.has(identity) ? 0 : size), 0)
    })
}

function bytesOf(packages: readonly Package[]): number {
  return packages.reduce((sum, { size }) => sum + size, 0)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}

/** With one decimal. */
function percent(share: number): number {
  return Math.round(share * 1000) / 10
}
