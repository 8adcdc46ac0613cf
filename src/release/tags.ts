import { partsOf, digestOf } from "../oci/digest.ts"
import type { Release } from "../state/release.ts"
import type { Image } from "../tree/tree.ts"

/** The UTC date as `2026.11.21`. */
export function dateOf(now: Date): string {
  return now.toISOString().slice(0, 10).replaceAll("-", ".")
}

/** Seven digits of the commit, or without git of the plan's inputs. */
export function shortCommit(commit: string | undefined, inputs: string): string {
  return (commit ?? partsOf(digestOf(inputs)).hex).slice(0, 7)
}

/**
 * The id of the next release: date, `-`, seven digits, then `.1`, `.2` where it is taken.
 *
 * @param taken ids of earlier releases of the same day
 */
export function nextId(date: string, commit: string, taken: ReadonlySet<string>): string {
  const base = `${date}-${commit}`
  if (!taken.has(base)) return base
  let number = 1
  while (taken.has(`${base}.${number}`)) number++
  return `${base}.${number}`
}

export type TagValues = { readonly release: string; readonly date: string; readonly git: string }

/** The tags of a row in a release: its prefix, then each template filled in. */
export function tagsOf(
  image: Pick<Image, "prefix" | "axes">,
  templates: readonly string[],
  values: TagValues,
): readonly string[] {
  const all: Readonly<Record<string, string>> = { ...image.axes, ...values }
  return templates.map((template) => {
    const filled = template.replaceAll(/\{([^{}]+)\}/g, (whole, name: string) => all[name] ?? whole)
    return image.prefix === "" ? filled : `${image.prefix}-${filled}`
  })
}

/** Whether two releases are the same but for their names: rows, checks and commit. */
export function sameContent(a: Omit<Release, "id" | "sequence" | "previous">, b: Release): boolean {
  if (a.source.commit !== b.source.commit || a.source.dirty !== b.source.dirty || a.images.length !== b.images.length)
    return false
  return a.images.every((image, index) => {
    const other = b.images[index]
    return (
      other !== undefined && image.id === other.id && image.index === other.index && checksOf(image) === checksOf(other)
    )
  })
}

function checksOf(image: Release["images"][number]): string {
  return Object.entries(image.platforms)
    .map(([platform, { check, key }]) => `${platform} ${key} ${check}`)
    .sort()
    .join("\n")
}
