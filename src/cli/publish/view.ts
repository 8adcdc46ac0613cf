import { isDone, type Outcome } from "../../build/outcome.ts"
import type { CheckReport } from "../../checks/report.ts"
import { slotOf, type Slot } from "../../plan/key.ts"
import type { Published } from "../../release/publish.ts"
import { bytes, count, duration } from "../../report/format.ts"
import type { Place } from "../../state/place.ts"
import type { Release, ReleasedImage } from "../../state/release.ts"
import type { Recorded } from "../../state/releases.ts"
import type { Platform } from "../../oci/platform.ts"
import type { Tree } from "../../tree/tree.ts"
import type { Colors } from "../io.ts"

export type PublishedView = {
  readonly published: Published
  readonly target: Place
  readonly milliseconds: number
  /** Bytes that were sent. */
  readonly sent: number
  readonly colors: Colors
}

const shown = 20

/** A release that was made or was there, its references, and what to do next. */
export function publishedText({ published, target, milliseconds, sent, colors }: PublishedView): string {
  const { release: recorded, outcomes, made } = published
  if (recorded === undefined) return "There was nothing to release.\n"
  const { release } = recorded
  const done = [...outcomes.values()].filter(isDone)
  const built = done.filter((one) => one.built).length
  const facts = [
    count(release.images.length, "image"),
    `${built} built`,
    `${done.length - built} reused`,
    ...(sent > 0 ? [`${bytes(sent)} sent`] : []),
  ]
  const head = made
    ? `${colors.bold(`Release ${release.id}`)}: ${facts.join(", ")}, in ${duration(milliseconds)}`
    : `Nothing changed: the release is still ${colors.bold(release.id)}`
  const references = release.images.flatMap((image) =>
    image.tags.slice(0, 1).map((tag) => `  ${referenceOf(target, image)}:${tag}`),
  )
  const more = references.length - shown
  const kept = release.images.filter(({ carriedFrom }) => carriedFrom !== undefined)
  const next = release.images.find(({ tags }) => tags.length > 0)
  const lines = [
    head,
    ...references.slice(0, shown),
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...kept.map(({ id, carriedFrom }) => `${id} keeps its image of ${carriedFrom}.`),
    ...(release.partial ? ["Some rows have no image yet: the release is partial."] : []),
    ...(published.tagged > 0 && !made ? [`${count(published.tagged, "tag")} of an interrupted run written.`] : []),
    ...(made && next !== undefined ? [`Next: \`nbstacks run ${next.id}\``] : []),
  ]
  return `${lines.join("\n")}\n`
}

/** What users get now, after a run that released nothing. */
export function staysText({ published }: PublishedView): string {
  const { release } = published
  const now = release === undefined ? "There is no release yet." : `Users still get ${release.release.id}.`
  return `Nothing was tagged. ${now}\n`
}

/** What users get now, after a run that could not go on. */
export function interruptedText({
  recorded,
  stays,
}: {
  readonly recorded: Recorded | undefined
  readonly stays: Recorded | undefined
}): string {
  if (recorded !== undefined)
    return `Release ${recorded.release.id} is recorded; some of its tags may be missing. \`nbstacks publish\` writes them.\n`
  return `Nothing was tagged. ${stays === undefined ? "Releases, if there are any, are as they were." : `Users still get ${stays.release.id}.`}\n`
}

export type DryRunView = { readonly tree: Tree; readonly target: Place; readonly latest: Recorded | undefined }

/** Which tags a publish would write. */
export function dryRunText({ tree, target, latest }: DryRunView): string {
  const lines = tree.images
    .filter(({ publish }) => publish !== "never")
    .map(
      ({ repository, prefix }) =>
        `  ${target.store.name}/${target.repositoryOf(repository)}:${[prefix, ...tree.tags.slice(0, 1)].filter((part) => part !== "").join("-")}`,
    )
  const now = latest === undefined ? "There is no release yet." : `Users get ${latest.release.id} now.`
  return `\nTags that would be written when all of that passed:\n${lines.join("\n")}\n\n${now} This was a dry run: nothing was built.\n`
}

function referenceOf(target: Place, image: Pick<ReleasedImage, "repository">): string {
  return `${target.store.name}/${target.repositoryOf(image.repository)}`
}

export type PublishedJson = {
  readonly outcomes: ReadonlyMap<Slot, Outcome>
  readonly release: Release | undefined
  readonly reports: ReadonlyMap<Slot, CheckReport>
  readonly place: Place
  readonly tree: Tree
}

/** The images of a release, or those that a run without one built, for a program. */
export function publishedJson({ outcomes, release, reports, place, tree }: PublishedJson): readonly object[] {
  if (release !== undefined)
    return release.images.flatMap((image) =>
      Object.entries(image.platforms).map(([platform, { digest, checks }]) => {
        const outcome = outcomes.get(slotOf(image.id, platform as Platform))
        return {
          image: image.id,
          platform,
          digest,
          reference: `${referenceOf(place, image)}@${digest}`,
          tags: image.tags,
          built: outcome?.kind === "done" && outcome.built && outcome.digest === digest,
          checks,
        }
      }),
    )
  return [...outcomes.values()].filter(isDone).map(({ image, platform, digest, built }) => {
    const report = reports.get(slotOf(image, platform))
    const row = tree.images.find(({ id }) => id === image)
    return {
      image,
      platform,
      digest,
      reference: `${referenceOf(place, { repository: row?.repository ?? image })}@${digest}`,
      tags: [],
      built,
      checks: { passed: report?.passed ?? 0, failed: report?.failed ?? 0 },
    }
  })
}
