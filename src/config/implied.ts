import type { Axis } from "./axes.ts"
import { combine, type Combination } from "./combinations.ts"
import type { DockerfileDoor } from "./door.ts"
import type { Implied } from "./expand.ts"
import type { TreeFolder } from "./folder.ts"
import { innerPath } from "./paths.ts"
import type { Places } from "./places.ts"
import { readBase } from "./references.ts"
import type { WrittenConfig } from "./schema/written.ts"
import type { WrittenImage } from "./schema/written.ts"
import { fillTemplate } from "./template.ts"

export type ImpliedContext = {
  readonly written: WrittenConfig
  readonly axes: ReadonlyMap<string, readonly Axis[]>
  readonly places: Places
  readonly folder: TreeFolder
  readonly door: DockerfileDoor
}

/**
 * For each image with a Dockerfile and without `from`: which image of the tree its `FROM` names, for each of its own
 * combinations. Judges nothing; a row that has no parent in the end is judged then.
 */
export async function impliedParents(
  context: ImpliedContext,
): Promise<ReadonlyMap<string, readonly (Implied | undefined)[]>> {
  const found = await Promise.all(
    Object.entries(context.written.images).map(async ([key, image]) => {
      const axes = context.axes.get(key)
      if (image.from !== undefined || image.dockerfile === undefined || axes === undefined) return []
      const at = context.places.key(context.written.images, key)
      const court = { places: context.places, judge: () => undefined, at, parent: undefined }
      const combinations = combine([{ axes: {} }], { axes, matrix: image.matrix }, court)
      return [[key, await Promise.all(combinations.map((one) => impliedBy(image, one, context)))] as const]
    }),
  )
  return new Map(found.flat())
}

async function impliedBy(
  image: WrittenImage,
  { axes, args }: Combination,
  context: ImpliedContext,
): Promise<Implied | undefined> {
  const fill = (text: string): string => fillTemplate(text, axes).text
  const file = innerPath(fill(image.dockerfile ?? ""))
  if ("wrong" in file || (await context.folder.kindOf(file.path)) !== "file") return undefined
  const given = Object.entries(Object.assign({}, image.args, ...args) as Record<string, string>)
  const filled = Object.fromEntries(given.map(([name, value]) => [name, fill(value)]))
  const target = image.target === undefined ? undefined : fill(image.target)
  const found = await context.door.finalBase(file.path, filled, target)
  // A Dockerfile that cannot be read is judged with its rows.
  const base = "base" in found ? found.base : undefined
  if (base === undefined) return undefined
  if (base === "scratch") return { kind: "none" }
  const named = readBase(base, context.written.registry)
  if (named === undefined) return undefined
  const keys = Object.entries(context.written.images)
  const key = keys.find(([name, one]) => (named.qualified ? (one.name ?? name) : name) === named.path)?.[0]
  return key === undefined ? undefined : { kind: "implied", key, tag: named.tag }
}
