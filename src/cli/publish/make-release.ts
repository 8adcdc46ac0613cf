import { resolve } from "node:path"
import { Failure, isFailure } from "../../failure.ts"
import { inputsOf } from "../../plan/inputs.ts"
import { keysOf } from "../../plan/key.ts"
import { publish } from "../../release/publish.ts"
import { together } from "../../report/reporter.ts"
import type { Recorded } from "../../state/releases.ts"
import { openBuilder } from "../builder.ts"
import type { Context } from "../context.ts"
import { openEvidencing } from "../evidence/evidencing.ts"
import { openSigner } from "../evidence/signer.ts"
import { json } from "../json.ts"
import { junitOfAll } from "../junit.ts"
import { exitOf, failuresJson, failuresText } from "../outcomes.ts"
import { logFolder, openReporters } from "../reporters.ts"
import { readPlan } from "../saved-plan.ts"
import { think } from "../session.ts"
import { tallyReporter } from "../tally.ts"
import type { PublishJob } from "./run.ts"
import { interruptedText, publishedJson, publishedText, staysText } from "./view.ts"

/** Builds and checks what changed, then makes a release of the tree. However it ends, it says what users get. */
export async function makeRelease(context: Context, job: PublishJob): Promise<number> {
  const { io, host, folder } = context
  const { whole, session, source, options, severalPlatforms } = job
  const start = host.elapsed()
  const signed = await openSigner(context, whole, options.sign)
  const tally = tallyReporter()
  const known: { latest: Recorded | undefined; recorded: Recorded | undefined } = {
    latest: undefined,
    recorded: undefined,
  }
  await using reporters = together([
    await openReporters(context, session.tree, { cache: session.cache, events: options.events }),
    tally.reporter,
  ])
  const { builder, reports } = await openBuilder(context, session, {
    report: reporters.report,
    jobs: options.jobs,
    runtime: options.runtime,
  })
  try {
    await using evidencing = openEvidencing(context, session.tree, {
      ...signed,
      renew: options.renewEvidence === true,
    })
    const published = await publish({
      tree: whole,
      builder,
      target: session.target,
      source,
      now: host.now(),
      evidencing,
      think: async () => {
        const { plan, knowledge } = await think(context, session, { offline: false, verify: false })
        known.latest = knowledge.latest
        const chosen = options.plan === undefined ? plan : await readPlan(context, session, options.plan)
        return { plan: chosen, knowledge, inputs: inputsOf(whole, keysOf(whole)) }
      },
      recorded: (release) => {
        known.recorded = release
      },
    })
    await reporters[Symbol.asyncDispose]()
    if (options.junit !== undefined) await host.files.write(resolve(folder, options.junit), junitOfAll(reports))
    const { outcomes, release, decision } = published
    if (options.json === true) {
      const listed = decision.blocking.length > 0 ? undefined : release?.release
      const images = publishedJson({ outcomes, release: listed, reports, place: session.target, tree: whole })
      const failed = failuresJson(outcomes, reports)
      io.out(json({ release: release?.release.id ?? null, made: published.made, images, failed }))
    }
    const view = {
      published,
      target: session.target,
      milliseconds: host.elapsed() - start,
      signed: signed.signer !== undefined,
      sent: tally.sent(),
      colors: io.colors,
    }
    const ending = decision.blocking.length > 0 ? staysText(view) : publishedText(view)
    const failures = failuresText({
      outcomes,
      reports,
      logs: logFolder(session.cache),
      severalPlatforms,
      colors: io.colors,
      ending,
    })
    io.err(failures === "" ? `${ending}\n` : `\n${failures}`)
    return exitOf(outcomes)
  } catch (error) {
    await reporters[Symbol.asyncDispose]()
    const ending = interruptedText(known, await session.lastRelease())
    if (context.signal.aborted) io.err(`\n${ending}\n`)
    throw withEnding(error, ending)
  }
}

/** The same failure, with what users get now before its hint. */
function withEnding(error: unknown, ending: string): unknown {
  if (!isFailure(error)) return error
  const detail = [error.detail, ending].filter((text) => text !== undefined).join("\n\n")
  const { hint, cause } = error
  return new Failure(error.code, error.message, {
    detail,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  })
}
