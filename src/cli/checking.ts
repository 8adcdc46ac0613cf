import { join } from "node:path"
import type { Check } from "../build/builder.ts"
import { readRunnable } from "../checks/image.ts"
import { checkReportParts } from "../checks/parts.ts"
import type { CheckReport } from "../checks/report.ts"
import { runChecks } from "../checks/run-checks.ts"
import { canRun, pickRuntime } from "../checks/runtime/pick.ts"
import { hold, type Runtime, type RuntimeName } from "../checks/runtime/runtime.ts"
import type { StartImage } from "../engines/native/bytecode.ts"
import { Failure } from "../failure.ts"
import type { Host } from "../host/host.ts"
import type { CheckKey } from "../plan/check-key.ts"
import { slotOf, type Slot } from "../plan/key.ts"
import type { Report } from "../report/event.ts"
import type { Context } from "./context.ts"
import type { Session } from "./session.ts"

/** Runs checks, and notes their reports by slot. */
export function checker(
  { host, signal }: Pick<Context, "host" | "signal">,
  {
    folder,
    runtime,
    report,
    reports,
  }: {
    /** Of the tree. */
    readonly folder: string
    readonly runtime: () => Promise<Runtime>
    readonly report: Report
    readonly reports: Map<Slot, CheckReport>
  },
): Check {
  return async (image, platform, location) => {
    const found = await runChecks({ name: image.id, location }, image.checks, {
      host,
      runtime,
      notebook: ({ path }) => host.files.read(join(folder, path)),
      signal,
      report,
    })
    reports.set(slotOf(image.id, platform), found)
    return {
      key: found.key as CheckKey,
      passed: found.passed,
      failed: found.failed,
      parts: checkReportParts(found, image.id),
    }
  }
}

/** Starts an image of the local store by the runtime that checks use. */
export function imageStarter(
  host: Pick<Host, "machine" | "files">,
  runtime: () => Promise<Runtime>,
  report: Report,
): StartImage {
  return async ({ name, platform, location }, signal) => {
    const able = await canRun(host, platform)
    if (able !== true) throw new Failure("cannot", `Cannot run ${name}: ${able.no}`, { hint: able.hint })
    return await (
      await runtime()
    ).start(await readRunnable(name, location), {
      command: () => hold,
      bare: true,
      env: {},
      signal,
      say: (line) => report({ kind: "output", image: name, platform, phase: "build", line }),
    })
  }
}

/** The runtime that was asked for or the first that works. */
export async function findRuntime(
  { host, signal }: Pick<Context, "host" | "signal">,
  session: Pick<Session, "serve">,
  name: RuntimeName | undefined,
): Promise<Runtime> {
  return await pickRuntime(host, { name, address: await session.serve(), signal })
}

export { canRun }
