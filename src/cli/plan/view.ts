import type { Plan, Reason } from "../../plan/plan.ts"
import { count } from "../../report/format.ts"
import { columns } from "../columns.ts"
import type { Colors } from "../io.ts"
import { reasonText } from "./reason.ts"

export type PlanView = {
  readonly plan: Plan
  /** Commits of changed paths. */
  readonly commits: ReadonlyMap<string, string>
  readonly severalPlatforms: boolean
  readonly colors: Colors
}

/** A plan for people: waves with reasons, what is checked again, what is reused, what is skipped. */
export function planText({ plan, commits, severalPlatforms, colors }: PlanView): string {
  const label = (work: { readonly image: string; readonly platform: string }): string =>
    severalPlatforms ? `${work.image} ${work.platform}` : work.image
  const lines: string[] = []
  for (const [index, wave] of plan.waves.entries()) {
    lines.push(colors.bold(`Build, wave ${index + 1}`))
    lines.push(
      ...columns(
        wave.map((work) => [label(work), reasonText(work.reasons, commits)]),
        "  ",
      ),
      "",
    )
  }
  const again = plan.check.filter(({ need }) => need !== "after-build")
  if (again.length > 0) {
    lines.push(colors.bold("Check"))
    lines.push(
      ...columns(
        again.map((work) => [label(work), work.need === "not-passed" ? "has not passed yet" : "checks changed"]),
        "  ",
      ),
      "",
    )
  }
  if (plan.skipped.length > 0) {
    lines.push(colors.bold("Skip"))
    lines.push(
      ...columns(
        plan.skipped.map(({ image, reason }) => [image, `skip: ${reason}`]),
        "  ",
      ),
      "",
    )
  }
  lines.push(summary(plan))
  return `${lines.join("\n")}\n`
}

function summary(plan: Plan): string {
  const built = plan.waves.flat().length
  if (built === 0 && plan.check.length === 0)
    return `Nothing to do: ${count(plan.reuse.length, "row")} built and checked.`
  const parts = [`${built} to build`, `${plan.reuse.length} reused`, `${plan.check.length} to check`]
  if (plan.skipped.length > 0) parts.push(`${plan.skipped.length} skipped`)
  return `${parts.join(", ")}.`
}

/** All reasons of a plan. */
export function allReasons(plan: Plan): readonly Reason[] {
  return plan.waves.flat().flatMap(({ reasons }) => reasons)
}
