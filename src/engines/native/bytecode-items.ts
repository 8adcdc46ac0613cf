import { bytecodeInputs } from "../../packages/bytecode/compile-wheel.ts"
import { bytecodePath } from "../../packages/bytecode/magic.ts"
import type { BytecodePool } from "../../packages/bytecode/pool.ts"
import { packedRecipe, segmentFiles, type Segment, type SegmentFile } from "../../packages/segment/recipe.ts"
import { packPath, readPack, writeRecipe } from "../../packages/segment/segment-cache.ts"
import { parallel } from "../../parallel.ts"
import { sitePackages, type Target } from "../../packages/wheel/target.ts"
import type { Compiler } from "./bytecode.ts"
import { whole, type Making } from "./make-layer.ts"
import type { Item } from "./package-layers.ts"

export type BytecodeMaking = {
  readonly compiler: Compiler
  readonly pool: BytecodePool
  readonly onWheel: (done: number, total: number) => void
}

/**
 * The bytecode of some packages: from the cache, by wheel, target and build of the interpreter, else compiled, and kept
 * there. That of what a package leaves to another is left out.
 */
export async function bytecodeItems(
  packages: readonly Item[],
  bytecode: BytecodeMaking,
  making: Making,
): Promise<readonly Item[]> {
  const wanted = packages.filter(({ files }) => hasSources(files ?? [], making.target))
  let done = 0
  return await parallel(wanted, bytecode.pool.processes, async (item) => {
    const compiled = await compiledOf(item, bytecode, making)
    bytecode.onWheel(++done, wanted.length)
    const omit = new Set(item.omit.filter((path) => path.endsWith(".py")).map((path) => pathOf(path, making.target)))
    return { ...compiled, omit: (compiled.files ?? []).map(({ path }) => path).filter((path) => omit.has(path)) }
  })
}

function pathOf(source: string, { python }: Target): string {
  return bytecodePath(source, python)
}

function hasSources(files: readonly SegmentFile[], target: Target): boolean {
  const site = `${sitePackages(target)}/`
  return files.some(({ path }) => path.endsWith(".py") && path.startsWith(site))
}

async function compiledOf(item: Item, bytecode: BytecodeMaking, making: Making): Promise<Item> {
  const { cache, target, pool, folder, signal } = making
  const { compiler } = bytecode
  const inputs = bytecodeInputs(item, { target, interpreter: compiler })
  const path = packPath(cache, inputs, target)
  const known = await readPack(making.host, path, target)
  const described = (segment: Segment, files: readonly SegmentFile[]): Item => ({
    segment,
    files,
    sha256: segment.pack ?? "",
    name: item.name,
    title: `${item.title} (bytecode)`,
    file: path.pack,
    filename: `${item.sha256}.pyc`,
    recipe: path.recipe,
    omit: [],
  })
  if (known !== undefined) return described(known.segment, known.files)
  await whole(making, () => pool.verify(item))
  const interpreter = await compiler.interpreter()
  const own = await making.host.files.makeTemporary("bytecode-", folder)
  const pack = await bytecode.pool.compile(item, { target, interpreter, folder: own, signal })
  const { name, version } = item.segment
  const recipe = packedRecipe({ name, version, pack: await pool.hash(pack.file) }, pack.files, target)
  await making.host.files.rename(pack.file, path.pack)
  await writeRecipe(making.host, path.recipe, recipe)
  return described(recipe.segment, segmentFiles(recipe.files, target))
}
