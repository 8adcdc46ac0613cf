/** What a layer's history says that it holds. */
export type Contents = {
  /** `numpy 1.26.4`, one a package; empty where the layer has no packages of ours. */
  readonly packages: readonly string[]
  /** In words: for a layer of something else, or of a part of a package. */
  readonly title: string | undefined
}

/**
 * Reads `created_by`, which every tool keeps: `nbstacks: numpy 1.26.4, six 1.16.0`, with ` (part 2)` behind a split
 * package, `nbstacks: environment` for what is no package, and anything else for layers of others.
 */
export function readContents(createdBy: string | undefined): Contents {
  const ours = /^nbstacks: (.*?)( \(part \d+\))?$/s.exec(createdBy ?? "")
  if (ours === null) return { packages: [], title: createdBy === undefined ? undefined : oneLine(createdBy) }
  const [, list = "", part] = ours
  const packages = list.split(", ")
  if (!packages.every((one) => /^\S+ \S+(?: \([a-z ]+\))?$/.test(one))) return { packages: [], title: list }
  return { packages, title: part?.trim().slice(1, -1) }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim()
}
