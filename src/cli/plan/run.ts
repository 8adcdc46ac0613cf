import { resolve } from "node:path"
import { lastCommits } from "../../git/git.ts"
import { selectPlatform, selectRows } from "../../plan/select.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import { loadTree } from "../load-tree.ts"
import { openSession, think } from "../session.ts"
import type { PlanOptions } from "./flags.ts"
import { changedPaths } from "./reason.ts"
import { allReasons, planText } from "./view.ts"

/** Prints, and saves, what would be built. */
export async function plan(context: Context, options: PlanOptions): Promise<number> {
  const { io, host, folder } = context
  const whole = await loadTree(context, options)
  const chosen = selectRows(whole, { only: options.only ?? [], except: options.except ?? [] })
  await using session = openSession(context, selectPlatform(chosen, options.platform))
  const { plan: made } = await think(context, session, {
    offline: options.offline === true,
    verify: options.verify === true,
  })
  if (options.out !== undefined) await host.files.write(resolve(folder, options.out), json(made))
  if (options.json === true) io.out(json(made))
  else {
    const commits = await lastCommits(folder, changedPaths(allReasons(made)), host)
    const severalPlatforms = new Set(session.tree.images.flatMap(({ platforms }) => platforms)).size > 1
    io.out(planText({ plan: made, commits, severalPlatforms, colors: io.outColors }))
  }
  return 0
}
