import { resolve } from "node:path"
import { runPlan } from "../../build/run-plan.ts"
import { junitOfAll } from "../junit.ts"
import { rowsNamed, selectPlatform, selectRows } from "../../plan/select.ts"
import { slotOf } from "../../plan/key.ts"
import { count, duration } from "../../report/format.ts"
import { openBuilder } from "../builder.ts"
import { checksText } from "../checks-view.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import { loadTree } from "../load-tree.ts"
import { exitOf, failuresJson, failuresText } from "../outcomes.ts"
import { logFolder, openReporters } from "../reporters.ts"
import { openSession, think } from "../session.ts"
import type { CheckOptions } from "./flags.ts"

/** Checks rows as a person would use them. Rows that were named are checked also if they passed before. */
export async function check(
  context: Context,
  options: CheckOptions & { readonly rows: readonly string[] },
): Promise<number> {
  const { io, host, folder } = context
  const start = host.elapsed()
  const whole = await loadTree(context, options)
  const only = [...options.rows, ...(options.only ?? [])]
  const tree = selectPlatform(selectRows(whole, { only, except: options.except ?? [] }), options.platform)
  await using session = openSession(context, tree)
  const opened = { ...session, places: options.offline === true ? [session.local] : session.places }
  const { plan, knowledge } = await think(context, opened, { offline: false, verify: false })
  await using reporters = await openReporters(context, tree, { cache: session.cache, events: options.events })
  const asked = new Set(only.length === 0 ? tree.images.map(({ id }) => id) : rowsNamed(tree, only))
  const { builder, reports } = await openBuilder(context, opened, {
    report: reporters.report,
    jobs: options.jobs,
    runtime: options.runtime,
  })
  const outcomes = await runPlan(builder, {
    plan,
    places: knowledge.places,
    checks: true,
    recheck: (id) => asked.has(id),
  })
  await reporters[Symbol.asyncDispose]()
  if (options.junit !== undefined) await host.files.write(resolve(folder, options.junit), junitOfAll(reports))
  const severalPlatforms = new Set(tree.images.flatMap(({ platforms }) => platforms)).size > 1
  if (options.json === true) {
    const images = [...outcomes.values()].map(({ image, platform, ...outcome }) => {
      const report = reports.get(slotOf(image, platform))
      return { image, platform, digest: "digest" in outcome ? outcome.digest : null, checks: report ?? null }
    })
    io.out(json({ images, failed: failuresJson(outcomes, reports) }))
  } else io.out(checksText({ reports, colors: io.outColors, severalPlatforms }))
  const failures = failuresText({
    outcomes,
    reports,
    logs: logFolder(session.cache),
    severalPlatforms,
    colors: io.colors,
    ending: "Nothing was tagged or moved by this.",
  })
  const passed = [...reports.values()].reduce((sum, report) => sum + report.passed, 0)
  if (failures === "")
    io.err(
      `${count(passed, "check")} passed on ${count(reports.size, "row")} in ${duration(host.elapsed() - start)}.\n`,
    )
  else io.err(`\n${failures}`)
  return exitOf(outcomes)
}
