import { resolve } from "node:path"
import { isDone } from "../../build/outcome.ts"
import { runPlan } from "../../build/run-plan.ts"
import { count } from "../../report/format.ts"
import { unreleasedPlace } from "../../state/place.ts"
import { openBuilder } from "../builder.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import { junitOfAll } from "../junit.ts"
import { exitOf, failuresJson, failuresText } from "../outcomes.ts"
import { logFolder, openReporters } from "../reporters.ts"
import { readPlan } from "../saved-plan.ts"
import { think, type Session } from "../session.ts"
import type { PublishJob } from "./run.ts"
import { publishedJson } from "./view.ts"

/** What a pull request runs: builds and checks, and keeps nothing but the local store. */
export async function checkOnly(context: Context, { session, options, severalPlatforms }: PublishJob): Promise<number> {
  const { io, host, folder } = context
  const { tree } = session
  // Its results live apart, and are read by nothing that publishes.
  const local = unreleasedPlace(session.layout, tree)
  const seen: Session = { ...session, local, places: [...session.places, local] }
  await using reporters = await openReporters(context, tree, { cache: session.cache, events: options.events })
  const { builder, reports } = await openBuilder(context, seen, {
    report: reporters.report,
    jobs: options.jobs,
    runtime: options.runtime,
  })
  const { plan: now, knowledge } = await think(context, seen, { offline: false, verify: false })
  const plan = options.plan === undefined ? now : await readPlan(context, session, options.plan)
  const outcomes = await runPlan(builder, { plan, places: knowledge.places, checks: true })
  await reporters[Symbol.asyncDispose]()
  if (options.junit !== undefined) await host.files.write(resolve(folder, options.junit), junitOfAll(reports))
  if (options.json === true) {
    const images = publishedJson({ outcomes, release: undefined, reports, place: session.local, tree })
    io.out(json({ release: null, made: false, images, failed: failuresJson(outcomes, reports) }))
  }
  const failures = failuresText({
    outcomes,
    reports,
    logs: logFolder(session.cache),
    severalPlatforms,
    colors: io.colors,
    ending: "Nothing was pushed or tagged.",
  })
  const done = [...outcomes.values()].filter(isDone)
  const built = done.filter((one) => one.built).length
  const fine = `${count(built, "row")} built, ${done.length - built} reused, all checked. Nothing was pushed: this was --no-push.\n`
  io.err(failures === "" ? fine : `\n${failures}`)
  return exitOf(outcomes)
}
