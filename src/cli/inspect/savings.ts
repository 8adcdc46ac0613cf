import type { HiddenKind } from "../../evidence/weight/hidden.ts"
import { count } from "../../report/format.ts"
import type { WeighedImage } from "./weighed.ts"

/** Less than this is not worth a line, in bytes. */
const worthSaying = 100_000

/** What could be saved, unpacked and in bytes, and how. */
export type Saving = { readonly size: number; readonly what: string; readonly instead: string }

const did: Readonly<Record<HiddenKind, { readonly what: string; readonly instead: string }>> = {
  modes: {
    what: "only to change modes or owners",
    instead: "set them in the step that makes the files, such as COPY --chown or --chmod",
  },
  copied: { what: "without a change", instead: "do not write to them again in a later step" },
  rewritten: {
    what: "and writes them anew",
    instead: "make them as they should be in the first of both steps, or in one step",
  },
  removed: { what: "", instead: "remove them in the step that makes them" },
}

/** What could be saved, the most first. */
export function savings({ hidden, left }: Pick<WeighedImage, "hidden" | "left">): readonly Saving[] {
  return [
    ...hidden.map(({ layer, by, kind, files, bytes: size, most }) => {
      const many = `${count(files, "file")} of layer ${layer + 1}, most of them in /${most}`
      const verb = kind === "removed" ? "removes" : kind === "rewritten" ? "hides" : "copies"
      const what = [`layer ${by + 1} ${verb} ${many}`, did[kind].what].filter((part) => part !== "").join(", ")
      return { size, what, instead: did[kind].instead }
    }),
    ...left.map(({ what, files, bytes: size, layer, instead }) => ({
      size,
      what: `${what}: ${count(files, "file")}, most of them of layer ${layer + 1}`,
      instead,
    })),
  ]
    .filter(({ size }) => size >= worthSaying)
    .toSorted((a, b) => b.size - a.size)
}
