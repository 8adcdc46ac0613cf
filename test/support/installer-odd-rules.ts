import { posix } from "node:path"
import { called, imported, type Pair, type Trees } from "./installer-rules.ts"

type Sides = Pick<Pair, "ours" | "theirs"> | { readonly ours: string | undefined; readonly theirs: string | undefined }

/** A file of `lib/` of which one list says that it is in `lib64/`, which is a link to it. */
export function isInLib64(file: string, { ours, theirs }: Sides, trees: Trees): boolean {
  const isTheirs = file.startsWith("lib64/")
  const real = file.replace(/^lib64\//, "lib/")
  const same = trees.ours.get(real)?.sha256
  return (
    (ours === undefined) === isTheirs && (theirs === undefined) !== isTheirs && same === trees.theirs.get(real)?.sha256
  )
}

/** What stands for a file of site-packages in a `.data` folder there: `x.txt` and `other.data/purelib/x.txt`. */
const foreign = /^(.*\/site-packages)\/[^/]+\.data(?:\/(?:purelib|platlib)(?:\/(.+))?)?$/

/** A file or folder of a `.data` folder in site-packages of theirs, or the file of ours that it is. */
export function isForeignData(file: string, { ours, theirs }: Sides, trees: Trees): boolean {
  const isSame = (mine: string, other: string): boolean =>
    trees.ours.get(mine)?.sha256 !== undefined && trees.ours.get(mine)?.sha256 === trees.theirs.get(other)?.sha256
  const inside = (other: string): string => {
    const [, site = "", rest = ""] = foreign.exec(other) ?? []
    return `${site}/${rest}`
  }
  if (theirs === undefined)
    return [...trees.theirs.keys()].some((other) => inside(other) === file && isSame(file, other))
  if (ours !== undefined || !foreign.test(file)) return false
  if (trees.theirs.get(file)?.kind === "directory") return true
  return isSame(inside(file), file)
}

/** A command whose name has blanks, or the one that is called by its last word. Both do the same. */
export function isSpacedCommand(file: string, { ours, theirs }: Sides, trees: Trees): boolean {
  if (posix.dirname(file) !== "bin" || (ours === undefined) === (theirs === undefined)) return false
  const isOurs = theirs === undefined
  const mine = isOurs ? file : [...trees.ours.keys()].find((one) => one.endsWith(` ${posix.basename(file)}`))
  const other = `bin/${mine?.split(" ").at(-1) ?? ""}`
  const [a, b] = [trees.ours.get(mine ?? ""), trees.theirs.get(other)]
  return (
    mine?.includes(" ") === true && imported(a) !== undefined && imported(a) === imported(b) && called(a) === called(b)
  )
}
