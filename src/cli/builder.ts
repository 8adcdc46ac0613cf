import { parseReference } from "../oci/reference.ts"
import { openRegistry } from "../oci/store/registry/registry.ts"
import type { Location } from "../oci/store/store.ts"
import type { Builder, OverBudget } from "../build/builder.ts"
import { hasBudget } from "../evidence/budget/judge.ts"
import type { CheckReport } from "../checks/report.ts"
import { runtimeNames, type Runtime, type RuntimeName } from "../checks/runtime/runtime.ts"
import type { Engine } from "../engines/engine.ts"
import { lazyEngine } from "../engines/lazy.ts"
import type { StartImage } from "../engines/native/bytecode.ts"
import { Failure, isFailure } from "../failure.ts"
import type { Host } from "../host/host.ts"
import type { Digest } from "../oci/digest.ts"
import type { Slot } from "../plan/key.ts"
import type { Report } from "../report/event.ts"
import type { canRun, checker, findRuntime, imageStarter } from "./checking.ts"
import type { Context } from "./context.ts"
import { explained } from "./full-disk.ts"
import type { Session } from "./session.ts"

type Checking = {
  readonly checker: typeof checker
  readonly imageStarter: typeof imageStarter
  readonly findRuntime: typeof findRuntime
  readonly canRun: typeof canRun
}

export type BuilderOptions = {
  readonly report: Report
  readonly jobs: number | undefined
  readonly runtime?: string | undefined
}

/** More rows at once than this gain nothing: the engines use all cores themselves. */
const mostJobs = 4

/** Everything that carries out plans on this machine; and the check reports, by slot, as they come. */
export async function openBuilder(
  context: Context,
  session: Session,
  options: BuilderOptions,
): Promise<{ readonly builder: Builder; readonly reports: ReadonlyMap<Slot, CheckReport> }> {
  const { host, signal } = context
  await session.hold()
  let budget: OverBudget | undefined
  const reports = new Map<Slot, CheckReport>()
  const { tree, keys, local, places, serve } = session
  const runtime = lazyRuntime({ host, signal }, session, runtimeName(options.runtime))
  const how = { folder: tree.folder, runtime, report: options.report, reports }
  const builder: Builder = {
    tree,
    keys,
    local,
    places,
    engines: allEngines(host, async (...args) => {
      const { imageStarter } = await checking()
      return await imageStarter(host, runtime, options.report)(...args)
    }),
    serve,
    external: (reference, digest) => Promise.resolve(externalImage({ host, signal }, reference, digest)),
    check: async (...args) => (await checking()).checker({ host, signal }, how)(...args),
    overBudget: async (...row) => {
      if (!hasBudget(row[0].budget)) return undefined
      return await (budget ??= (await import("./budget/over-budget.ts")).budgetJudge(context, session))(...row)
    },
    canCheck: async (platform) => {
      const { canRun } = await checking()
      const able = await canRun(host, platform)
      if (able !== true) return able
      try {
        await runtime()
        return true
      } catch (error) {
        if (!isFailure(error)) throw error
        return {
          no: [error.message, error.detail].filter((text) => text !== undefined).join("; "),
          hint: error.hint ?? "Run `nbstacks doctor`",
        }
      }
    },
    explain: (error) => explained(error, host),
    jobs: options.jobs ?? Math.min(mostJobs, host.machine.cores),
    host,
    signal,
    report: options.report,
  }
  return { builder, reports }
}

/** What runs images is loaded when something is run: it brings a client for Jupyter's protocols with it. */
async function checking(): Promise<Checking> {
  return await import("./checking.ts")
}

/** The engines, in the order in which they are asked. Those that have to run something of an image do it by `start`. */
export function allEngines(host: Host, start?: StartImage): readonly Engine[] {
  return [
    lazyEngine({ name: "native", exchange: "in-process" }, async () => {
      const { nativeEngine } = await import("../engines/native/engine.ts")
      return nativeEngine(host, start === undefined ? {} : { start })
    }),
    lazyEngine({ name: "mmdebstrap", exchange: "in-process" }, async () =>
      (await import("../engines/mmdebstrap/engine.ts")).mmdebstrapEngine(host),
    ),
    lazyEngine({ name: "docker", exchange: "registry" }, async () =>
      (await import("../engines/docker/engine.ts")).dockerEngine(host),
    ),
  ]
}

/** The name of a runtime, checked. */
export function runtimeName(name: string | undefined): RuntimeName | undefined {
  if (name === undefined) return undefined
  const found = runtimeNames.find((one) => one === name)
  if (found !== undefined) return found
  throw new Failure("cannot", `There is no runtime \`${name}\``, { hint: `Runtimes: ${runtimeNames.join(", ")}` })
}

/** The runtime that was asked for or the first that works; looked for once, when something is to be run. */
export function lazyRuntime(
  { host, signal }: Pick<Context, "host" | "signal">,
  session: Pick<Session, "serve">,
  name: RuntimeName | undefined,
): () => Promise<Runtime> {
  let found: Promise<Runtime> | undefined
  return () => (found ??= (async () => await (await checking()).findRuntime({ host, signal }, session, name))())
}

/** Where an image of another registry is. */
export function externalImage(
  { host, signal }: Pick<Context, "host" | "signal">,
  reference: string,
  digest: Digest,
): Location {
  const parsed = parseReference(reference)
  if (parsed?.host === undefined)
    throw new Failure("cannot", `\`${reference}\` has no registry host`, {
      hint: "Write it with the host, such as `docker.io/library/debian:12`",
    })
  return { store: openRegistry(parsed.host, host, { signal }), repository: parsed.repository, digest }
}
