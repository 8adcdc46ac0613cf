import { resolve } from "node:path"
import { Failure } from "../failure.ts"
import { inputsOf } from "../plan/inputs.ts"
import { PlanFile, type Plan } from "../plan/plan.ts"
import type { Context } from "./context.ts"
import type { Session } from "./session.ts"

/** Reads a saved plan. Fails with `cannot` when it is none, or when the files have changed since it was made. */
export async function readPlan({ host, folder }: Context, session: Session, file: string): Promise<Plan> {
  const path = resolve(folder, file)
  const text = await host.files.readText(path).catch((cause: unknown) => {
    throw new Failure("cannot", `Cannot read the plan ${file}`, { cause, hint: `Run \`nbstacks plan --out ${file}\`` })
  })
  const parsed = PlanFile.safeParse(parse(text))
  if (!parsed.success)
    throw new Failure("cannot", `${file} is not a plan`, { hint: `Run \`nbstacks plan --out ${file}\`` })
  if (parsed.data.inputs !== inputsOf(session.tree, session.keys))
    throw new Failure("cannot", `${file} is stale: its inputs have changed since it was made`, {
      hint: `Run \`nbstacks plan --out ${file}\` again, with the same rows and platform`,
    })
  return parsed.data
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
