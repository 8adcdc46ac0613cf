import { resolve } from "node:path"
import { isDone } from "../../build/outcome.ts"
import { runPlan } from "../../build/run-plan.ts"
import { Failure } from "../../failure.ts"
import { readSource, type Source } from "../../git/git.ts"
import { inputsOf } from "../../plan/inputs.ts"
import { keysOf } from "../../plan/key.ts"
import { selectPlatform, selectRows } from "../../plan/select.ts"
import { publish as publishTree, type Publishing } from "../../release/publish.ts"
import { count } from "../../report/format.ts"
import { together } from "../../report/reporter.ts"
import { apart } from "../../state/place.ts"
import type { Recorded } from "../../state/releases.ts"
import { openBuilder } from "../builder.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import { junitOfAll } from "../junit.ts"
import { loadTree } from "../load-tree.ts"
import { exitOf, failuresJson, failuresText } from "../outcomes.ts"
import { planText } from "../plan/view.ts"
import { exitCodeOf, renderFailure } from "../failure.ts"
import { logFolder, openReporters } from "../reporters.ts"
import { readPlan } from "../saved-plan.ts"
import { openSession, think, type Session } from "../session.ts"
import { tallyReporter } from "../tally.ts"
import type { PublishOptions } from "./flags.ts"
import { dryRunText, interruptedText, publishedJson, publishedText, staysText } from "./view.ts"

/** Builds, checks, records the release, tags; or, for pull requests, builds and checks. */
export async function publish(context: Context, options: PublishOptions): Promise<number> {
  const { io, host, folder } = context
  const whole = selectPlatform(await loadTree(context, options), options.platform)
  const tree = selectRows(whole, { only: options.only ?? [], except: options.except ?? [] })
  await using session = openSession(context, tree)
  const source = await readSource(folder, host)
  if (options.push && options.dryRun !== true) refuseDirty(source, options)
  const severalPlatforms = new Set(tree.images.flatMap(({ platforms }) => platforms)).size > 1

  if (options.dryRun === true) {
    const { plan, knowledge } = await think(context, session, { offline: false, verify: false })
    const view = { plan, commits: new Map(), severalPlatforms, colors: io.outColors }
    io.out(
      options.json === true
        ? json(plan)
        : planText(view) + dryRunText({ tree: whole, target: session.target, latest: knowledge.latest }),
    )
    return 0
  }

  const start = host.elapsed()
  const tally = tallyReporter()
  await using reporters = together([
    await openReporters(context, tree, { cache: session.cache, events: options.events }),
    tally.reporter,
  ])
  // Results of a pull request live apart, and are read by nothing that publishes.
  const seen: Session = options.push
    ? session
    : { ...session, local: apart(session.local), places: [...session.places.slice(0, -1), apart(session.local)] }
  const { builder, reports } = await openBuilder(context, seen, {
    report: reporters.report,
    jobs: options.jobs,
    runtime: options.runtime,
  })
  let stays: Recorded | undefined
  let recorded: Recorded | undefined
  const thinkAgain: Publishing["think"] = async () => {
    const { plan, knowledge } = await think(context, seen, { offline: false, verify: false })
    const saved = options.plan === undefined ? plan : await readPlan(context, session, options.plan)
    stays ??= knowledge.latest
    return { plan: saved, knowledge, inputs: inputsOf(whole, keysOf(whole)) }
  }
  const logs = logFolder(session.cache)
  if (!options.push) {
    const { plan, knowledge } = await thinkAgain()
    const outcomes = await runPlan(builder, { plan, places: knowledge.places, checks: true })
    await reporters[Symbol.asyncDispose]()
    if (options.junit !== undefined) await host.files.write(resolve(folder, options.junit), junitOfAll(reports))
    const done = [...outcomes.values()].filter(isDone)
    if (options.json === true)
      io.out(
        json({
          release: null,
          images: publishedJson({ outcomes, release: undefined, reports, place: session.local, tree }),
          failed: failuresJson(outcomes),
        }),
      )
    const failures = failuresText({ outcomes, reports, logs, severalPlatforms, colors: io.colors })
    const built = done.filter((one) => one.built).length
    io.err(
      failures === ""
        ? `${count(built, "row")} built, ${done.length - built} reused, all checked. Nothing was pushed: this was --no-push.\n`
        : `\n${failures}\nNothing was pushed or tagged.\n`,
    )
    return exitOf(outcomes)
  }

  const published = await publishTree({
    tree: whole,
    builder,
    target: session.target,
    source,
    now: host.now(),
    think: thinkAgain,
    recorded: (release) => (recorded = release),
  }).catch(async (error: unknown) => {
    await reporters[Symbol.asyncDispose]()
    if (context.signal.aborted) throw error
    io.err(`\n${renderFailure(error, io.colors)}\n${interruptedText({ recorded, stays })}`)
    return exitCodeOf(error)
  })
  if (typeof published === "number") return published
  await reporters[Symbol.asyncDispose]()
  if (options.junit !== undefined) await host.files.write(resolve(folder, options.junit), junitOfAll(reports))
  const { outcomes, release } = published
  if (options.json === true) {
    const images = publishedJson({ outcomes, release: release?.release, reports, place: session.target, tree: whole })
    io.out(json({ release: release?.release.id ?? null, made: published.made, images, failed: failuresJson(outcomes) }))
  }
  const failures = failuresText({ outcomes, reports, logs, severalPlatforms, colors: io.colors })
  if (failures !== "") io.err(`\n${failures}\n`)
  const view = {
    published,
    target: session.target,
    milliseconds: host.elapsed() - start,
    sent: tally.sent(),
    colors: io.colors,
  }
  io.err(published.decision.blocking.length > 0 ? staysText(view) : publishedText(view))
  return exitOf(outcomes)
}

function refuseDirty(source: Source, { allowDirty }: PublishOptions): void {
  if (!source.dirty || allowDirty === true) return
  throw new Failure("cannot", "There are changes that are not committed", {
    detail: "Nothing was built, pushed or tagged.",
    hint: "Commit them, or publish with --allow-dirty; then the release says so",
  })
}
