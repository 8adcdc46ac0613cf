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
  /** Whether its images were signed. */
  readonly signed: boolean
  /** Bytes that were sent. */
  readonly sent: number
  readonly colors: Colors
}

const shown = 20

/** A release that was made or was there, its references, and what to do next. */
export function publishedText({ published, target, milliseconds, sent, signed, colors }: PublishedView): string {
  const { release: recorded, outcomes, made, decision } = published
  if (recorded === undefined) return "There was nothing to release."
  const { release } = recorded
  const done = [...outcomes.values()].filter(isDone)
  const built = done.filter((one) => one.built).length
  const facts = [
    count(release.images.length, "image"),
    `${built} built`,
    `${done.length - built} reused`,
    ...(signed ? ["signed"] : []),
    ...(sent > 0 ? [`${bytes(sent)} sent`] : []),
  ]
  const name = colors.bold(release.id)
  const still =
    built > 0
      ? `Another publisher was faster: release ${name} has what was built here`
      : `Nothing changed: the release is still ${name}`
  const head = made ? `${colors.bold("Release")} ${name}: ${facts.join(", ")}, in ${duration(milliseconds)}` : still
  const references = release.images.flatMap((image) =>
    image.tags.map((tag) => `  ${referenceOf(target, image)}:${tag}`),
  )
  const more = references.length - shown
  const kept = release.images.filter(({ carriedFrom }) => carriedFrom !== undefined)
  const absent = decision.fates.filter(({ kind }) => kind === "absent").map(({ image }) => image.id)
  const next = release.images.find(({ tags }) => tags.length > 0)
  return [
    decision.failing.length > 0 && !made ? `Nothing new was released: users still get ${name}` : head,
    ...references.slice(0, shown),
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...kept.map(({ id, carriedFrom }) => `${id} keeps its image of ${carriedFrom}.`),
    ...(absent.length > 0 ? [`Without an image, so the release is partial: ${absent.join(", ")}.`] : []),
    ...(published.tagged > 0 && !made ? [`${count(published.tagged, "tag")} of an interrupted run written.`] : []),
    ...(made && next !== undefined ? [`Next: \`nbstacks run ${next.id}\``] : []),
  ].join("\n")
}

/** What users get now, after a run that released nothing. */
export function staysText({ published }: Pick<PublishedView, "published">): string {
  const { release } = published
  const now = release === undefined ? "There is no release yet." : `Users still get ${release.release.id}.`
  return `Nothing was tagged. ${now}`
}

type Known = { readonly recorded: Recorded | undefined; readonly latest: Recorded | undefined }

/**
 * What users get now, after a run that could not go on.
 *
 * @param seen the id of the newest release that this machine saw before, for when nobody could be asked
 */
export function interruptedText({ recorded, latest }: Known, seen: string | undefined): string {
  if (recorded !== undefined)
    return `Release ${recorded.release.id} is recorded; some of its tags may be missing. \`nbstacks publish\` writes them.`
  if (latest !== undefined) return `Nothing was tagged. Users still get ${latest.release.id}.`
  return seen === undefined ? "Nothing was tagged." : `Nothing was tagged. The last release seen from here is ${seen}.`
}

export type DryRunView = {
  readonly tags: readonly { readonly repository: string; readonly tags: readonly string[] }[]
  readonly tagging: Tree["tagging"]
  readonly latest: Recorded | undefined
  /** The newest release is the same already. */
  readonly settled: boolean
  /** A publish would be refused for what is not committed. */
  readonly dirty: boolean
}

/** Which tags a publish would write. */
export function dryRunText({ tags, tagging, latest, settled, dirty }: DryRunView): string {
  const lines = tags.flatMap(({ repository, tags: names }) => names.map((name) => `  ${repository}:${name}`))
  const which =
    tagging === "changed" ? "Tags that would be written, of images that came out new" : "Tags that would be written"
  if (settled) return `\nNo new release: ${latest?.release.id ?? ""} is the same.\n`
  const now = latest === undefined ? "There is no release yet." : `Users get ${latest.release.id} now.`
  const refused = dirty ? ["", "It would be refused: there are changes that are not committed (--allow-dirty)."] : []
  return `${["", `${which}, when everything passed:`, ...(lines.length === 0 ? ["  none"] : lines), ...refused, "", `${now} This was a dry run: nothing was built.`].join("\n")}\n`
}

function referenceOf(target: Place, image: Pick<ReleasedImage, "repository">): string {
  return `${target.store.name}/${target.repositoryOf(image.repository)}`
}

export type PublishedJson = {
  readonly outcomes: ReadonlyMap<Slot, Outcome>
  /** Undefined where this run came to none: then its own results are listed, those that failed too. */
  readonly release: Release | undefined
  readonly reports: ReadonlyMap<Slot, CheckReport>
  readonly place: Place
  readonly tree: Tree
}

/** The images of a release, or what a run without one came to, for a program. */
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
  return [...outcomes.values()].flatMap((outcome) => {
    const { image, platform } = outcome
    const digest = outcome.kind === "stopped" ? undefined : outcome.digest
    if (digest === undefined) return []
    const built = outcome.kind === "done" && outcome.built
    const report = reports.get(slotOf(image, platform))
    const row = tree.images.find(({ id }) => id === image)
    return [
      {
        image,
        platform,
        digest,
        reference: `${referenceOf(place, { repository: row?.repository ?? image })}@${digest}`,
        tags: [],
        built,
        checks: { passed: report?.passed ?? 0, failed: report?.failed ?? 0 },
      },
    ]
  })
}
