import { join } from "node:path"
import { parseReference } from "../oci/reference.ts"
import { openRegistry } from "../oci/store/registry/registry.ts"
import type { Location } from "../oci/store/store.ts"
import type { Builder, Check } from "../build/builder.ts"
import { checkReportParts } from "../checks/parts.ts"
import type { CheckReport } from "../checks/report.ts"
import { readRunnable } from "../checks/image.ts"
import { runChecks } from "../checks/run-checks.ts"
import { canRun, pickRuntime } from "../checks/runtime/pick.ts"
import { hold, runtimeNames, type Runtime, type RuntimeName } from "../checks/runtime/runtime.ts"
import type { Engine } from "../engines/engine.ts"
import { dockerEngine } from "../engines/docker/engine.ts"
import { mmdebstrapEngine } from "../engines/mmdebstrap/engine.ts"
import type { StartImage } from "../engines/native/bytecode.ts"
import { nativeEngine } from "../engines/native/engine.ts"
import { Failure, isFailure } from "../failure.ts"
import type { Host } from "../host/host.ts"
import type { Digest } from "../oci/digest.ts"
import type { CheckKey } from "../plan/check-key.ts"
import { slotOf, type Slot } from "../plan/key.ts"
import type { Report } from "../report/event.ts"
import type { Context } from "./context.ts"
import type { Session } from "./session.ts"

export type BuilderOptions = {
  readonly report: Report
  readonly jobs: number | undefined
  readonly runtime?: string | undefined
}

/** More rows at once than this gain nothing: the engines use all cores themselves. */
const mostJobs = 4

/** Everything that carries out plans on this machine; and the check reports, by slot, as they come. */
export async function openBuilder(
  { host, signal }: Context,
  session: Session,
  options: BuilderOptions,
): Promise<{ readonly builder: Builder; readonly reports: ReadonlyMap<Slot, CheckReport> }> {
  await session.hold()
  const reports = new Map<Slot, CheckReport>()
  const { tree, keys, local, places, serve } = session
  const runtime = lazyRuntime({ host, signal }, session, runtimeName(options.runtime))
  const check: Check = async (image, platform, location) => {
    const report = await runChecks({ name: image.id, location }, image.checks, {
      host,
      runtime,
      notebook: ({ path }) => host.files.read(join(tree.folder, path)),
      signal,
      report: options.report,
    })
    reports.set(slotOf(image.id, platform), report)
    return {
      key: report.key as CheckKey,
      passed: report.passed,
      failed: report.failed,
      parts: checkReportParts(report, image.id),
    }
  }
  const builder: Builder = {
    tree,
    keys,
    local,
    places,
    engines: allEngines(host, imageStarter(host, runtime, options.report)),
    serve,
    external: (reference, digest) => Promise.resolve(externalImage({ host, signal }, reference, digest)),
    check,
    canCheck: async (platform) => {
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
    jobs: options.jobs ?? Math.min(mostJobs, host.machine.cores),
    host,
    signal,
    report: options.report,
  }
  return { builder, reports }
}

/** The engines, in the order in which they are asked. Those that have to run something of an image do it by `start`. */
export function allEngines(host: Host, start?: StartImage): readonly Engine[] {
  return [nativeEngine(host, start === undefined ? {} : { start }), mmdebstrapEngine(host), dockerEngine(host)]
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
  return () =>
    (found ??= (async () =>
      await pickRuntime(host, {
        name,
        address: await session.serve(),
        signal,
      }))())
}

/** Where an image of another registry is. */
export function externalImage(
  { host, signal }: Pick<Context, "host" | "signal">,
  reference: string,
  digest: Digest,
): Location {
  const parsed = parseReference(reference)
  if (parsed?.host === undefined) throw new Failure("cannot", `\`${reference}\` has no registry host`)
  return { store: openRegistry(parsed.host, host, { signal }), repository: parsed.repository, digest }
}
