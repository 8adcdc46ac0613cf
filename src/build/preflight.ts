import { Failure } from "../failure.ts"
import type { Refusal } from "../engines/engine.ts"
import type { Platform } from "../oci/platform.ts"
import type { Plan } from "../plan/plan.ts"
import type { CheckSpec } from "../tree/checks.ts"
import { engineFor } from "./build-row.ts"
import type { Builder } from "./builder.ts"

/** Whether this machine can run an image of a platform. */
export type CanCheck = (platform: Platform) => Promise<true | Refusal>

/**
 * Fails with `cannot` before anything is built when this machine can neither build nor check something of a plan,
 * naming each such row.
 */
export async function preflight(
  builder: Builder,
  plan: Plan,
  checks: { readonly can: CanCheck } | undefined,
): Promise<void> {
  const problems: { readonly line: string; readonly hint: string | undefined }[] = []
  const images = new Map(builder.tree.images.map((image) => [image.id, image]))
  for (const { image: id, platform } of plan.waves.flat())
    for (const step of images.get(id)?.steps[platform] ?? [])
      try {
        await engineFor(builder.engines, step, platform)
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        problems.push({ line: `${id} for ${platform}: ${error.message}`, hint: error.hint })
      }
  const asked = new Map<Platform, true | Refusal>()
  for (const { image: id, platform } of checks === undefined ? [] : plan.check) {
    const spec = images.get(id)?.checks
    if (spec === undefined || !needsRuntime(spec)) continue
    const answer = asked.get(platform) ?? (await checks?.can(platform)) ?? true
    asked.set(platform, answer)
    if (answer !== true)
      problems.push({ line: `${id} for ${platform}: cannot be checked: ${answer.no}`, hint: answer.hint })
  }
  if (problems.length === 0) return
  const hint = problems.find((problem) => problem.hint !== undefined)?.hint
  throw new Failure("cannot", "This machine cannot do all that the plan says; nothing was built", {
    detail: [...new Set(problems.map(({ line }) => line))].join("\n"),
    ...(hint === undefined ? {} : { hint }),
  })
}

/** An image without checks needs nothing to run in. */
function needsRuntime({ profile, commands, imports }: CheckSpec): boolean {
  return profile !== "none" || commands.length > 0 || Object.values(imports).some((modules) => modules.length > 0)
}
