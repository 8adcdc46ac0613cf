import type { OverBudget } from "../../build/builder.ts"
import { hasBudget, isOver } from "../../evidence/budget/judge.ts"
import { Failure } from "../../failure.ts"
import type { Context } from "../context.ts"
import { latestRelease } from "../../state/releases.ts"
import type { Session } from "../session.ts"
import { adviceFor, adviceLines, boundText } from "./advice.ts"
import { rowWeigher } from "./weigh-row.ts"

/** Judges rows against their budgets after their checks: one that is over fails, with what makes it so large. */
export function budgetJudge(context: Context, session: Session): OverBudget {
  const weigh = rowWeigher(session, () => latestRelease(session.target))
  return async (row, platform, location, parent) => {
    if (!hasBudget(row.budget)) return undefined
    const weight = await weigh(row, platform, location, parent)
    const over = weight.bounds.filter(isOver)
    if (over.length === 0) return undefined
    const advice = await adviceFor(context, location, weight)
    return new Failure("no", `${row.id} is over its budget: ${over.map(boundText).join("; ")}`, {
      detail: adviceLines(advice).join("\n"),
      hint: `Make it smaller (\`nbstacks inspect ${row.id} --layers\` shows more), or raise \`budget\` of ${row.id} in nbstacks.yaml`,
    })
  }
}
