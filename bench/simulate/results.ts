import { z } from "zod"

/** What the simulation of layers found; all shares in percent. */
export type Simulated = {
  readonly date: string
  readonly images: number
  readonly releases: number
  /** Of the different files, those whose size was known, the median of their name, or guessed. */
  readonly exact: number
  readonly median: number
  readonly guess: number
  readonly lines: readonly {
    readonly by: string
    /** Layers at most; absent for what takes no budget. */
    readonly layers?: number
    /** Bytes pulled per release, of the image's: the mean over images and releases. */
    readonly update: number
    /** Bytes that a registry keeps of all images and releases, of what they have together. */
    readonly store: number
    /** Bytes pulled when one package below 1 MiB changes, of the image's. */
    readonly small: number
  }[]
}

const share = z.number().min(0).max(100)

export const Simulated: z.ZodType<Simulated> = z.object({
  date: z.string(),
  images: z.int(),
  releases: z.int(),
  exact: share,
  median: share,
  guess: share,
  lines: z.array(
    z.object({ by: z.string(), layers: z.int().exactOptional(), update: share, store: share, small: share }),
  ),
})

/** The simulation as people read it: a line a way to layer, a column a budget. */
export function simulationTable({ date, images, releases, exact, median, guess, lines }: Simulated): string {
  const budgets = [...new Set(lines.flatMap(({ layers }) => layers ?? []))]
  const rows = [...Map.groupBy(lines, ({ by }) => by)].map(([by, ofPeer]) => {
    const cells = budgets.map((budget) => {
      const line = ofPeer.find(({ layers }) => layers === budget || layers === undefined)
      return line === undefined ? "" : `${line.update} / ${line.store} / ${line.small}`
    })
    return `| ${[by, ...cells].join(" | ")} |`
  })
  return [
    `Simulated ${date}: ${images} images in ${releases} releases, from their conda locks; sizes of ${exact} % of the files are`,
    `exact, of ${median} % the median of their name, of ${guess} % a guess of 150 kB. Each cell: of an image's bytes, in percent,`,
    "those pulled per release / those kept of all releases / those pulled when one package below 1 MiB changes.",
    "`NBSTACKS_BENCH_CLONES=FOLDER npm run bench -- layers-simulated` simulates again, from clones of repositories in that folder.",
    "",
    `| layers | ${budgets.join(" | ")} |`,
    `|---|${budgets.map(() => "---|").join("")}`,
    ...rows,
  ].join("\n")
}
