import type { Builder } from "../build/builder.ts"
import type { Outcome } from "../build/outcome.ts"
import { runPlan } from "../build/run-plan.ts"
import { Failure } from "../failure.ts"
import { parallel } from "../parallel.ts"
import { type Slot } from "../plan/key.ts"
import type { Plan } from "../plan/plan.ts"
import type { Knowledge } from "../state/known.ts"
import type { Place } from "../state/place.ts"
import type { Release, ReleasedImage } from "../state/release.ts"
import { recordRelease, type Recorded } from "../state/releases.ts"
import type { Source } from "../git/git.ts"
import type { RowId, Tree } from "../tree/tree.ts"
import { decide, type Decision } from "./decide.ts"
import { finishTags, isKnown, sayUnsigned, signRecord, withReports } from "./belief.ts"
import type { Evidencing, Grounds } from "./establish.ts"
import { unchanged } from "./unchanged.ts"
import { isProjected, projectTags } from "./project.ts"
import { Overtaken, pushRow, openPush } from "./push.ts"
import { nextValues } from "./next-values.ts"
import { sameContent, tagsOf, type TagValues } from "./tags.ts"

export type Publishing = {
  /** All rows; the builder's tree may be a part of it. */
  readonly tree: Tree
  readonly builder: Builder
  readonly target: Place
  readonly source: Source
  readonly now: Date
  /** How what is published is described and signed. */
  readonly evidencing: Evidencing
  /** Told as soon as a release is recorded: from then on it is what users get. */
  readonly recorded: (release: Recorded) => void
  /** What the files and the stores say now; `inputs` is of all rows. Asked again when another publisher was faster. */
  readonly think: () => Promise<{ readonly plan: Plan; readonly knowledge: Knowledge; readonly inputs: string }>
}

export type Published = {
  readonly outcomes: ReadonlyMap<Slot, Outcome>
  readonly decision: Decision
  /** The release that users get now: the new one, or the one that stays. */
  readonly release: Recorded | undefined
  /** Whether this run made it. */
  readonly made: boolean
  /** Tags written in this run. */
  readonly tagged: number
}

const attempts = 5
/** What a registry does for a row is mostly waiting for its disk. */
const rowsAtOnce = 8

/** Builds, checks, pushes by digest, records the release, tags: in that order (design, decision 3). */
export async function publish(publishing: Publishing): Promise<Published> {
  for (let attempt = 1; attempt <= attempts; attempt++)
    try {
      const published = await publishOnce(publishing)
      if (published !== undefined) return published
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error
    }
  throw new Failure(
    "temporary",
    `Others published to ${publishing.target.store.name} at the same time, ${attempts} times in a row`,
  )
}

/** Undefined when another publisher took the number of the release. */
async function publishOnce(publishing: Publishing): Promise<Published | undefined> {
  const { tree, builder, target, source } = publishing
  const { plan, knowledge, inputs } = await publishing.think()
  const previous = knowledge.latest
  let tagged = 0
  const known = await isKnown(publishing, previous)
  if (previous !== undefined && !(await isProjected(target, previous)))
    tagged += await finishTags(publishing, previous, known)
  const values = await nextValues(publishing, { plan, inputs, previous, known })
  const planned = await runPlan(builder, { plan, places: knowledge.places, checks: true })
  const first = decide(tree, planned, previous?.release)
  const isWhole = values === undefined && known && !publishing.evidencing.renew
  if (isWhole || first.blocking.length > 0)
    return { outcomes: planned, decision: first, release: previous, made: false, tagged }
  const outcomes = await withReports(publishing, { plan, knowledge, outcomes: planned, decision: first })
  const decision = decide(tree, outcomes, previous?.release)
  const stays = { outcomes, decision, release: previous, made: false, tagged }
  if (decision.blocking.length > 0) return stays
  const images = await pushAll(publishing, { decision, previous: previous?.release, before: knowledge.before })
  // What was missing beside the images of the newest release is there now.
  if (values === undefined) return stays
  const content = {
    version: 1,
    source: {
      ...(source.commit === undefined ? {} : { commit: source.commit }),
      ...(source.branch === undefined ? {} : { branch: source.branch }),
      dirty: source.dirty,
      ...(source.run === undefined ? {} : { run: source.run }),
    },
    partial: decision.fates.some(({ kind }) => kind === "absent"),
    inputs,
    images: images.map((image) =>
      withTags(image, publishing, { values, previous: known ? previous?.release : undefined }),
    ),
  } as const
  if (content.images.length === 0) return stays
  if (previous !== undefined && known && sameContent(content, previous.release)) return stays
  const release: Release = {
    ...content,
    id: values.release,
    sequence: (previous?.release.sequence ?? 0) + 1,
    previous: previous?.digest ?? null,
  }
  builder.signal.throwIfAborted()
  const digest = await recordRelease(target, release, builder.host, (record) => signRecord(publishing, record))
  if (digest === undefined) return undefined
  publishing.recorded({ release, digest })
  builder.report({ kind: "note", level: "info", text: `Recorded release ${release.id}. Writing its tags.` })
  tagged += await projectTags(target, { release, digest }, builder.signal)
  return { outcomes, decision, release: { release, digest }, made: true, tagged }
}

type Decided = {
  readonly decision: Decision
  readonly previous: Release | undefined
  readonly before: Knowledge["before"]
}

async function pushAll(
  publishing: Publishing,
  { decision, previous, before: had }: Decided,
): Promise<readonly ReleasedImage[]> {
  const { builder, target, tree } = publishing
  const push = openPush({
    target,
    tree,
    keys: builder.keys,
    before: had,
    report: builder.report,
    elapsed: builder.host.elapsed,
    signal: builder.signal,
  })
  const { evidencing, source } = publishing
  const grounds: Grounds = {
    ...evidencing,
    target,
    tree,
    keys: builder.keys,
    origin: source,
    parents: new Map(),
  }
  const pushed = new Map<RowId, ReleasedImage>()
  // Parents first, so that their layers can be mounted.
  for (const level of levels(tree, decision))
    await parallel(level, rowsAtOnce, async (fate) => {
      if (fate.kind === "carried") {
        pushed.set(fate.image.id, { ...fate.previous, carriedFrom: fate.previous.carriedFrom ?? previous?.id })
        await sayUnsigned(publishing, fate.previous)
      }
      if (fate.kind !== "released") return
      const kept = unchanged(previous, fate, publishing)
      pushed.set(fate.image.id, kept ?? { ...(await pushRow(push, fate, grounds)), tags: [] })
    })
  return [...pushed.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

function levels(tree: Tree, decision: Decision): readonly (readonly Decision["fates"][number][])[] {
  const depth = new Map<RowId, number>()
  for (const image of tree.images)
    depth.set(image.id, image.parent.kind === "image" ? (depth.get(image.parent.id) ?? 0) + 1 : 0)
  const grouped = Map.groupBy(decision.fates, ({ image }) => depth.get(image.id) ?? 0)
  return [...grouped].sort(([a], [b]) => a - b).map(([, level]) => level)
}

function withTags(
  image: ReleasedImage,
  { tree }: Publishing,
  { values, previous }: { readonly values: TagValues; readonly previous: Release | undefined },
): ReleasedImage {
  const row = tree.images.find(({ id }) => id === image.id)
  if (row === undefined || row.publish === "never") return { ...image, tags: [] }
  const before = previous?.images.find(({ id }) => id === image.id)
  const same = before !== undefined && before.index === image.index
  return { ...image, tags: tree.tagging === "changed" && same ? before.tags : tagsOf(row, tree.tags, values) }
}
