import type { Descriptor } from "../oci/descriptor.ts"
import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import type { Location } from "../oci/store/store.ts"
import { attachChecks, passedChecks, type CheckEvidence } from "../evidence/attach.ts"
import { checkKeyOf } from "../plan/check-key.ts"
import { keyAt, slotOf, type Slot } from "../plan/key.ts"
import type { Plan } from "../plan/plan.ts"
import { basesOf } from "../plan/select.ts"
import { findBuilt, lastTag, recordBuilt, keyTag, type Bases } from "../state/key-state.ts"
import type { Place } from "../state/place.ts"
import type { Image, RowId } from "../tree/tree.ts"
import { bring } from "./bring.ts"
import { buildRow } from "./build-row.ts"
import { destination, locationIn, type Builder } from "./builder.ts"
import type { Done, Failed, Outcome } from "./outcome.ts"
import { preflight } from "./preflight.ts"
import { requireReadable } from "./readable-parents.ts"
import { schedule, type Task } from "./schedule.ts"

export type PlanRun = {
  readonly plan: Plan
  /** Where reused digests are. */
  readonly places: ReadonlyMap<Digest, Place>
  /** Also run the checks; `build` alone does not. */
  readonly checks: boolean
  /** Run the checks of these rows also if they passed. */
  readonly recheck?: (id: RowId) => boolean
  /** Told each image as soon as it is there, while others are still made. */
  readonly onDone?: (done: Done) => void
  /** Told each new blob of a row as soon as it is in the local store, while the row is still made. */
  readonly onBlob?: (row: { readonly image: Image; readonly platform: Platform }, blob: Descriptor) => void
}

/**
 * Builds and checks what a plan says, and gives an outcome for every row of the tree on every platform, by slot.
 * Nothing is thrown for a row that fails; what is built on it is stopped. Rejects with the signal's reason when it was
 * interrupted. Fails before anything is built when this machine cannot do all that the plan says, and when who reads
 * an image cannot read what it is built on.
 */
export async function runPlan(builder: Builder, run: PlanRun): Promise<ReadonlyMap<Slot, Outcome>> {
  await preflight(builder, run.plan, run.checks ? { can: builder.canCheck } : undefined)
  await requireReadable(builder, run.plan)
  // What talks to Jupyter is large; building alone stays below the bound without, and is a tenth slower with it.
  if (run.checks && (run.plan.waves.length > 0 || run.plan.check.length > 0)) builder.host.saveMemory()
  const tasks = builder.tree.images.flatMap((image) =>
    image.platforms.map((platform): Task<Outcome> => {
      const needs = basesOf(image).map((id) => slotOf(id, platform))
      return {
        name: slotOf(image.id, platform),
        needs,
        work: async (done) => {
          const stopped = needs
            .map((need) => done.get(need))
            .find((outcome) => outcome !== undefined && outcome.kind !== "done")
          const work = { image: image.id, platform, key: keyAt(builder.keys, image.id, platform) }
          if (stopped !== undefined)
            return { ...work, kind: "stopped", by: stopped.kind === "stopped" ? stopped.by : stopped.image }
          const outcome = await rowOutcome(builder, run, { image, platform, done: done as ReadonlyMap<Slot, Outcome> })
          if (outcome.kind === "done") run.onDone?.(outcome)
          return outcome
        },
      }
    }),
  )
  const outcomes = (await schedule(tasks, builder.jobs)) as ReadonlyMap<Slot, Outcome>
  // What was interrupted has no outcome that anybody should act on.
  builder.signal.throwIfAborted()
  return outcomes
}

type Row = { readonly image: Image; readonly platform: Platform; readonly done: ReadonlyMap<Slot, Outcome> }

async function rowOutcome(builder: Builder, run: PlanRun, row: Row): Promise<Outcome> {
  const { image, platform } = row
  const start = builder.host.elapsed()
  const key = keyAt(builder.keys, image.id, platform)
  const work = { image: image.id, platform, key }
  const fail = (stage: Failed["stage"], error: unknown, more: Partial<Failed> = {}): Failed => {
    // What was interrupted has not failed.
    if (!builder.signal.aborted)
      builder.report({
        kind: "finished",
        image: image.id,
        platform,
        phase: stage,
        outcome: "failed",
        milliseconds: builder.host.elapsed() - start,
      })
    return { ...work, kind: "failed", stage, error, ...more }
  }
  let done: Done
  try {
    const bases = basesDigests(row)
    const there = await alreadyBuilt(builder, run, row, bases)
    done = there ?? (await build(builder, row, { bases, onBlob: run.onBlob }))
  } catch (error) {
    return fail("build", await builder.explain(error))
  }
  if (!run.checks) return done
  try {
    const over = await builder.overBudget(
      image,
      platform,
      locationIn(done.place, image, done.digest),
      done.bases.parent,
    )
    if (over !== undefined) return fail("check", over, { digest: done.digest })
  } catch (error) {
    return fail("check", await builder.explain(error), { digest: done.digest })
  }
  const need = run.plan.check.some((one) => one.image === image.id && one.platform === platform)
  if (!need && run.recheck?.(image.id) !== true) return done
  try {
    if (!done.built && run.recheck?.(image.id) !== true && (await hasPassed(image, done))) return done
    const location = await locally(builder, image, done)
    const checks = await check(builder, row, location)
    if (checks.failed > 0) return fail("check", undefined, { digest: done.digest, checks })
    return { ...done, checks, milliseconds: builder.host.elapsed() - start }
  } catch (error) {
    return fail("check", await builder.explain(error), { digest: done.digest })
  }
}

/** Whether somebody checked it since the plan was made. */
async function hasPassed(image: Image, { place, digest }: Done): Promise<boolean> {
  return (await passedChecks(locationIn(place, image, digest))).has(checkKeyOf(digest, image.checks))
}

/** Reused as planned, or recorded since on the digests that the parents came out with. */
async function alreadyBuilt(
  builder: Builder,
  run: PlanRun,
  { image, platform }: Row,
  bases: Bases,
): Promise<Done | undefined> {
  const key = keyAt(builder.keys, image.id, platform)
  const work = { kind: "done", image: image.id, platform, key, bases, built: false, milliseconds: 0 } as const
  const planned = run.plan.reuse.find((one) => one.image === image.id && one.platform === platform)
  if (planned !== undefined)
    return { ...work, digest: planned.digest, place: run.places.get(planned.digest) ?? builder.local }
  for (const place of builder.places) {
    const found = await findBuilt(place, key, bases)
    if (found === undefined) continue
    const { store, repository } = locationIn(place, image, found.digest)
    if ((await store.headManifest(repository, found.digest)) !== undefined)
      return { ...work, digest: found.digest, place }
  }
  return undefined
}

async function build(
  builder: Builder,
  row: Row,
  { bases, onBlob }: { readonly bases: Bases; readonly onBlob: PlanRun["onBlob"] },
): Promise<Done> {
  const { image, platform } = row
  const { local } = builder
  const start = builder.host.elapsed()
  builder.report({ kind: "started", image: image.id, platform, phase: "build" })
  const { key, input } = builder.keys.get(slotOf(image.id, platform)) ?? raise(image.id)
  const made = await buildRow(builder, {
    image,
    platform,
    parent: await parentOf(builder, row),
    uses: await usesOf(builder, row),
    onBlob: onBlob === undefined ? undefined : (blob) => onBlob({ image, platform }, blob),
  })
  const record = { key, digest: made, ...bases, image: image.id, platform, input }
  const into = destination(builder, image)
  // Another process may have built the same meanwhile: the later takes the recorded digest, if its image is there.
  const earlier = await findBuilt(local, key, bases)
  const there = earlier !== undefined && (await into.store.headManifest(into.repository, earlier.digest)) !== undefined
  const digest = await recordBuilt(local, record, { replace: !there })
  await into.store.tag(into.repository, builtTag(image, platform), digest)
  const recorded = await local.store.readManifest(local.state, keyTag(key, bases))
  if (recorded !== undefined)
    await local.store.tag(local.state, lastTag(slotOf(image.id, platform)), recorded.descriptor.digest)
  const milliseconds = builder.host.elapsed() - start
  builder.report({ kind: "finished", image: image.id, platform, phase: "build", outcome: "built", milliseconds })
  return { kind: "done", image: image.id, platform, key, digest, bases, place: local, built: true, milliseconds }
}

function raise(id: string): never {
  throw new Error(`no key for ${id}`)
}

/** The tag under which the local store keeps the last build of a row: what `gc` keeps, what other tools can read. */
export function builtTag(image: Pick<Image, "prefix">, platform: Platform): string {
  return [image.prefix, "built", platform.replaceAll("/", "-")].filter((part) => part !== "").join("-")
}

async function check(builder: Builder, { image, platform }: Row, location: Location): Promise<CheckEvidence> {
  const start = builder.host.elapsed()
  builder.report({ kind: "started", image: image.id, platform, phase: "check" })
  const evidence = await builder.check(image, platform, location)
  await attachChecks(location, evidence)
  if (evidence.failed === 0)
    builder.report({
      kind: "finished",
      image: image.id,
      platform,
      phase: "check",
      outcome: "passed",
      milliseconds: builder.host.elapsed() - start,
      detail: `${evidence.passed} passed`,
    })
  return evidence
}

function basesDigests({ image, platform, done }: Row): Bases {
  const digestAt = (id: string): Digest => {
    const outcome = done.get(slotOf(id, platform))
    if (outcome?.kind !== "done") throw new Error(`${id} has no image`)
    return outcome.digest
  }
  const uses = Object.fromEntries(image.uses.map((id) => [id, digestAt(id)]))
  const { repository } = image
  if (image.parent.kind === "none") return { parent: null, uses, repository }
  if (image.parent.kind === "image") return { parent: digestAt(image.parent.id), uses, repository }
  const digest = image.parent.locked[platform]
  if (digest === undefined) throw new Error(`${image.parent.reference} is not locked for ${platform}`)
  return { parent: digest, uses, repository }
}

async function parentOf(builder: Builder, { image, platform, done }: Row): Promise<Location | undefined> {
  if (image.parent.kind === "none") return undefined
  if (image.parent.kind === "image") return await rowLocally(builder, image.parent.id, { platform, done })
  const digest = image.parent.locked[platform]
  if (digest === undefined) throw new Error(`${image.parent.reference} is not locked for ${platform}`)
  const from = await builder.external(image.parent.reference, digest)
  return await bring(builder, from, destination(builder, image).repository, { image: image.id, platform })
}

async function usesOf(builder: Builder, { image, platform, done }: Row): Promise<ReadonlyMap<string, Location>> {
  const uses = new Map<string, Location>()
  for (const id of image.uses) uses.set(id, await rowLocally(builder, id, { platform, done }))
  return uses
}

async function rowLocally(builder: Builder, id: string, { platform, done }: Omit<Row, "image">): Promise<Location> {
  const outcome = done.get(slotOf(id, platform))
  const image = builder.tree.images.find((one) => one.id === id)
  if (outcome?.kind !== "done" || image === undefined) throw new Error(`${id} has no image`)
  return await locally(builder, image, outcome)
}

/** The image of a row in the local store, brought there if it is only elsewhere. */
async function locally(builder: Builder, image: Image, done: Done): Promise<Location> {
  const from = locationIn(done.place, image, done.digest)
  return await bring(builder, from, destination(builder, image).repository, {
    image: image.id,
    platform: done.platform,
  })
}
