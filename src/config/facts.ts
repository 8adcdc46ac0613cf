import type { DockerfileDoor, FinalBase } from "./door.ts"
import type { TreeFolder } from "./folder.ts"
import type { Facts, JudgedRow } from "./judged-tree.ts"

/** Asks the folder and the Dockerfiles what the rules need to know about rows that are built. Each question once. */
export async function gatherFacts(
  rows: readonly JudgedRow[],
  { folder, door }: { folder: TreeFolder; door: DockerfileDoor },
): Promise<Facts> {
  const built = rows.filter(({ skip }) => skip === undefined)
  const paths = [...new Set(built.flatMap(pathsOf))]
  const kinds = new Map(await Promise.all(paths.map(async (path) => [path, await folder.kindOf(path)] as const)))
  const asked = new Map<string, Promise<FinalBase>>()
  const bases = await Promise.all(
    built.map(async ({ row }) => {
      const { make } = row
      if (make.kind !== "dockerfile" || kinds.get(make.file.value) !== "file") return []
      const question = JSON.stringify([make.file.value, make.args, make.target])
      const answer = asked.get(question) ?? door.finalBase(make.file.value, make.args, make.target)
      asked.set(question, answer)
      return [[row.id, await answer] as const]
    }),
  )
  return { kinds, bases: new Map(bases.flat()) }
}

function pathsOf({ row: { make } }: JudgedRow): readonly string[] {
  if (make.kind === "environment") return make.folders.map(({ value }) => value)
  return make.kind === "dockerfile" ? [make.file.value, make.context] : []
}
