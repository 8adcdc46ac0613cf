import { runPlan } from "../build/run-plan.ts"
import type { Outcome } from "../build/outcome.ts"
import { isBelieved, signManifest } from "../evidence/record/record.ts"
import type { Digest } from "../oci/digest.ts"
import type { Slot } from "../plan/key.ts"
import type { Plan } from "../plan/plan.ts"
import type { Knowledge } from "../state/known.ts"
import type { ReleasedImage } from "../state/release.ts"
import type { Builder } from "../build/builder.ts"
import type { Place } from "../state/place.ts"
import type { Recorded } from "../state/releases.ts"
import type { Decision } from "./decide.ts"
import { rowsWithoutReport, type Evidencing } from "./establish.ts"
import { projectTags } from "./project.ts"
import { unchanged } from "./unchanged.ts"

/** Who publishes where, and whose signatures count. */
type Believing = { readonly target: Place; readonly builder: Builder; readonly evidencing: Evidencing }

/** Whether the newest release is one that this run may go on from without looking: where somebody signs, one that was signed. */
export async function isKnown(publishing: Believing, previous: Recorded | undefined): Promise<boolean> {
  const { signer, believed } = publishing.evidencing
  if (previous === undefined || signer === undefined || believed.length === 0) return true
  const { target } = publishing
  return await isBelieved({ store: target.store, repository: target.state, digest: previous.digest }, believed)
}

/** Writes the tags that an interrupted run did not write; those of a record that nobody who counts signed are left alone. */
export async function finishTags({ target, builder }: Believing, previous: Recorded, known: boolean): Promise<number> {
  const { id } = previous.release
  if (!known) {
    const text = `Tags of release ${id} are missing, and nobody whose signature counts signed it: they are not written.`
    builder.report({ kind: "note", level: "warning", text })
    return 0
  }
  builder.report({ kind: "note", level: "info", text: `Writing the missing tags of release ${id}.` })
  return await projectTags(target, previous, builder.signal)
}

type Ran = {
  readonly plan: Plan
  readonly knowledge: Knowledge
  readonly outcomes: ReadonlyMap<Slot, Outcome>
  readonly decision: Decision
}

/** The outcomes once rows are checked again whose reports are gone, or signed by nobody who counts. */
export async function withReports(publishing: Believing, ran: Ran): Promise<ReadonlyMap<Slot, Outcome>> {
  const { builder, evidencing } = publishing
  const { plan, knowledge, outcomes, decision } = ran
  const rows = decision.fates.flatMap((fate) => {
    if (fate.kind !== "released" || unchanged(knowledge.latest?.release, fate, publishing) !== undefined) return []
    return fate.platforms.map((done) => ({ image: fate.image, done }))
  })
  const lost = await rowsWithoutReport(evidencing, rows)
  if (lost.size === 0) return outcomes
  const text = `Checked again, since nothing that counts says that they passed: ${[...lost].join(", ")}.`
  builder.report({ kind: "note", level: "info", text })
  return await runPlan(builder, {
    plan,
    places: knowledge.places,
    checks: true,
    recheck: (id) => lost.has(id),
  })
}

/** Puts a signature beside the record of a release that this run makes. */
export async function signRecord({ target, evidencing }: Believing, record: Digest): Promise<void> {
  const { signer, believed } = evidencing
  if (signer === undefined) return
  await signManifest({ store: target.store, repository: target.state, digest: record }, { signer, believed })
}

/** A row that keeps its image keeps its signature too, by whom it may be: this run did not make it. */
export async function sayUnsigned({ target, evidencing, builder }: Believing, image: ReleasedImage): Promise<void> {
  const { signer, believed } = evidencing
  if (signer === undefined || believed.length === 0) return
  const index = { store: target.store, repository: target.repositoryOf(image.repository), digest: image.index }
  if (await isBelieved(index, believed)) return
  const text = `${image.id} keeps an image that nobody whose signature counts signed.`
  builder.report({ kind: "note", level: "warning", text })
}
