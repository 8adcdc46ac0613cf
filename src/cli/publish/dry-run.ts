import { lastCommits } from "../../git/git.ts"
import { inputsOf } from "../../plan/inputs.ts"
import { keysOf } from "../../plan/key.ts"
import { nextValues } from "../../release/next-values.ts"
import { tagsOf } from "../../release/tags.ts"
import type { Image } from "../../tree/tree.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import { changedPaths } from "../plan/reason.ts"
import { allReasons, planText } from "../plan/view.ts"
import { readPlan } from "../saved-plan.ts"
import { think } from "../session.ts"
import type { PublishJob } from "./run.ts"
import { dryRunText } from "./view.ts"

/** Says what a publish would build, and which tags it would write when all of that passed. */
export async function dryRun(
  context: Context,
  { whole, session, source, options, severalPlatforms }: PublishJob,
): Promise<number> {
  const { io, host, folder } = context
  const { plan: now, knowledge } = await think(context, session, { offline: false, verify: false })
  const plan = options.plan === undefined ? now : await readPlan(context, session, options.plan)
  const { target } = session
  const { latest } = knowledge
  const values = await nextValues(
    { tree: whole, target, source, now: host.now() },
    { plan, inputs: inputsOf(whole, keysOf(whole)), previous: latest, known: true },
  )
  const built = new Set(plan.waves.flat().map(({ image }) => image))
  const isNew = ({ id }: Image): boolean =>
    built.has(id) || latest?.release.images.some((one) => one.id === id) !== true
  const tags =
    values === undefined
      ? []
      : whole.images
          .filter((image) => image.publish !== "never" && (whole.tagging === "tree" || isNew(image)))
          .map((image) => ({
            image: image.id,
            repository: `${target.store.name}/${target.repositoryOf(image.repository)}`,
            tags: tagsOf(image, whole.tags, values),
          }))
  if (options.json === true) io.out(json({ ...plan, tags }))
  else {
    const commits = await lastCommits(folder, changedPaths(allReasons(plan)), host)
    io.out(planText({ plan, commits, severalPlatforms, colors: io.outColors }))
    io.out(
      dryRunText({
        tags,
        tagging: whole.tagging,
        latest,
        settled: values === undefined,
        dirty: source.dirty && options.allowDirty !== true,
      }),
    )
  }
  return 0
}
