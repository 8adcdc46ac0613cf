import { join } from "node:path"
import { Failure } from "../failure.ts"
import type { Host } from "../host/host.ts"
import { readAxes, type Axis, type AxesContext } from "./axes.ts"
import type { DockerfileDoor } from "./door.ts"
import { expandImages } from "./expand.ts"
import { gatherFacts } from "./facts.ts"
import { openTreeFolder } from "./folder.ts"
import { impliedParents } from "./implied.ts"
import { collectProblems, settleProblems } from "./judge.ts"
import { judgedRows } from "./judged-rows.ts"
import type { JudgedRow } from "./judged-tree.ts"
import { orderRows } from "./order.ts"
import { draftRows } from "./overrides.ts"
import { parseYaml } from "./parse.ts"
import type { Config, Problem } from "./row.ts"
import { rules } from "./rules/all.ts"
import { judgeShape, type Shaped } from "./shape.ts"
import type { WrittenConfig } from "./schema/written.ts"
import { soundRows } from "./sound.ts"

/** The name of the one file. */
export const configFile = "nbstacks.yaml"

/** A configuration, or everything that is wrong with it. */
export type Reading = { readonly config: Config } | Refused

/** What is wrong with a configuration, in the order of the file. */
export type Refused = {
  readonly problems: readonly Problem[]
  /** The file's text. */
  readonly source: string
  /** What is left of it, so that the files of its rows are judged in the same run; undefined where nothing is. */
  readonly sound: Config | undefined
}

const maximumBytes = 1024 * 1024

/**
 * Reads and judges `nbstacks.yaml` of a folder (absolute). Every problem is found in one run. Fails with `cannot`
 * only where there is no file to judge.
 */
export async function readConfig(folder: string, host: Pick<Host, "files">, door: DockerfileDoor): Promise<Reading> {
  const source = await readSource(folder, host)
  const { problems, judge } = collectProblems()
  const refused = (sound?: Config): Reading => ({ problems: settleProblems(problems), source, sound })
  const parsed = parseYaml(source, configFile, judge)
  const shaped = parsed === undefined ? undefined : judgeShape(parsed, judge)
  if (parsed === undefined || shaped === undefined) return refused()
  const { places } = parsed
  const { written, broken, touched } = shaped
  if (Object.keys(written.images).length === 0 && problems.length === 0)
    judge(places.value(written, "images"), {
      rule: "no-images",
      message: "there are no images",
      hint: "Run `nbstacks init` in an empty folder for some to start from",
    })

  const tree = openTreeFolder(folder, host.files)
  const axes = await axesOf(shaped, { places, folder: tree, judge })
  const implied = await impliedParents({ written, axes, places, folder: tree, door })
  const expanded = expandImages({ shaped, places, judge, axes, implied })
  const drafts = [...expanded].flatMap(([key, rows]) =>
    draftRows(key, rows, { written, expanded, broken, places, judge }),
  )
  const rows = judgedRows(orderRows(drafts, judge), { platforms: written.platforms, places, judge })
  const facts = await gatherFacts(rows, { folder: tree, door })
  const state = written.state ?? defaultState
  const tags = written.tags ?? defaultTags
  for (const rule of rules) rule({ written, places, state, tags, touched, rows, facts }, judge)
  const config = configOf(folder, { written, rows })
  return problems.length > 0 ? refused({ ...config, rows: soundRows(rows, { facts, touched }) }) : { config }
}

const defaultState = "nbstacks"
const defaultTags: readonly string[] = ["{release}"]

async function readSource(folder: string, { files }: Pick<Host, "files">): Promise<string> {
  const path = join(folder, configFile)
  const found = await files.stat(path)
  if (found === undefined) throw await missing(folder, { files })
  if (found.kind !== "file" && found.kind !== "link") throw new Failure("cannot", `${path} is no file`)
  const bytes = found.size > maximumBytes ? undefined : await files.read(path)
  if (bytes === undefined || bytes.length > maximumBytes)
    throw new Failure("cannot", `${path} is larger than ${maximumBytes} bytes`)
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new Failure("cannot", `${path} is not UTF-8 text`, { cause })
  }
}

async function missing(folder: string, { files }: Pick<Host, "files">): Promise<Failure> {
  const there = await files.stat(await files.realPath(folder).catch(() => folder)).catch(() => undefined)
  if (there === undefined) return new Failure("cannot", `There is no folder ${folder}`)
  if (there.kind !== "directory")
    return new Failure("cannot", `${folder} is no folder`, { hint: `Name the folder that holds ${configFile}` })
  return new Failure("cannot", `There is no ${configFile} in ${folder}`, {
    hint: "Run `nbstacks init` to make one, or use `-C DIR`",
  })
}

async function axesOf(
  { written, broken }: Shaped,
  context: AxesContext,
): Promise<ReadonlyMap<string, readonly Axis[]>> {
  const found = await Promise.all(
    Object.entries(written.images).map(async ([key, { matrix }]) => {
      const axes = broken.has(key) ? undefined : matrix === undefined ? [] : await readAxes(matrix, context)
      return axes === undefined ? [] : [[key, axes] as const]
    }),
  )
  return new Map(found.flat())
}

function configOf(folder: string, { written, rows }: { written: WrittenConfig; rows: readonly JudgedRow[] }): Config {
  return {
    folder,
    registry: written.registry,
    state: written.state ?? defaultState,
    tags: written.tags ?? defaultTags,
    tagging: written.tagging ?? "tree",
    sboms: sbomsOf(written.evidence?.sbom ?? "spdx"),
    trust: written.trust ?? [],
    secrets: Object.fromEntries(
      Object.entries(written.secrets ?? {}).map(([id, { environment, file }]) => [
        id,
        environment === undefined ? { file: file ?? "" } : { environment },
      ]),
    ),
    rows: rows.filter(({ skip }) => skip === undefined).map(({ row }) => row),
    skipped: rows.flatMap(({ row, skip }) => (skip === undefined ? [] : [{ id: row.id, reason: skip }])),
  }
}

function sbomsOf(written: "spdx" | "cyclonedx" | "both" | "none"): Config["sboms"] {
  if (written === "none") return []
  return written === "both" ? ["spdx", "cyclonedx"] : [written]
}
