import { Failure, isFailure } from "../failure.ts"
import type { Location } from "../oci/store/store.ts"
import { checkKeyOf } from "../plan/check-key.ts"
import type { CheckSpec } from "../tree/checks.ts"
import { commandChecks, directImportChecks, type CommandContext } from "./commands.ts"
import { environmentChecks } from "./environment-checks.ts"
import { readRunnable, type RunnableImage } from "./image.ts"
import type { CheckJob } from "./job.ts"
import { serverChecks, type ServerContext } from "./jupyter/checks.ts"
import { kernelMenu, type KernelMenu } from "./jupyter/kernel-menu.ts"
import { sharedKernels } from "./jupyter/kernels.ts"
import { quietConsole } from "./jupyter/quiet.ts"
import { startServer, type Server } from "./jupyter/server.ts"
import { laterResults } from "./later.ts"
import { recorder, type Check, type Recorder } from "./recorder.ts"
import type { CheckReport, CheckResult } from "./report.ts"
import { hold, type Runtime } from "./runtime/runtime.ts"
import { canRun } from "./runtime/pick.ts"

/**
 * Runs all checks of an image and reports what each found. `name` is the row's. A check that cannot be run has
 * failed; what is declared `later` is recorded as not run. Rejects only when no container can be had at all, the
 * image cannot be read, or the signal aborts.
 */
export async function runChecks(
  { name, location }: { readonly name: string; readonly location: Location },
  spec: CheckSpec,
  job: CheckJob,
): Promise<CheckReport> {
  const image = await readRunnable(name, location)
  const { results, runtime } =
    spec.profile === "jupyter" ? await withServer(image, spec, job) : await without(image, spec, job)
  return reportOf(image, spec, { results: [...results, ...laterResults(spec.later)], runtime })
}

type Outcome = { readonly results: readonly CheckResult[]; readonly runtime: Runtime | undefined }

async function without(image: RunnableImage, spec: CheckSpec, job: CheckJob): Promise<Outcome> {
  const checks = [...directImportChecks(image, spec), ...commandChecks(spec)]
  const record = recorder(image, job, checks.length)
  if (checks.length === 0) return { results: [], runtime: undefined }
  const runtime = await runtimeFor(image, job)
  await using container = await runtime.start(image, {
    command: () => hold,
    bare: true,
    env: {},
    signal: job.signal,
    say: lineReporter(image, job, "unpack"),
  })
  await recordAll(record, checks, { container, signal: job.signal })
  return { results: record.results, runtime }
}

async function withServer(image: RunnableImage, spec: CheckSpec, job: CheckJob): Promise<Outcome> {
  const environment = environmentChecks(image, job)
  const inside = serverChecks(spec)
  const commands = commandChecks(spec)
  const record = recorder(image, job, 1 + environment.length + inside.length + commands.length)
  const runtime = await runtimeFor(image, job)
  using _quiet = quietConsole()
  let started: Server | undefined
  const say = lineReporter(image, job, "check")
  let broken: Failure | undefined
  await record.record({
    name: "the server answers",
    kind: "server",
    async run() {
      try {
        started = await startServer(job.host, image, { runtime, signal: job.signal, say })
      } catch (error) {
        if (isFailure(error) && error.code === "cannot") broken = error
        throw error
      }
      return { passed: true }
    },
  })
  // A runtime that does not work says nothing about the image.
  if (broken !== undefined) throw broken
  await using server = started
  await recordAll(record, environment, { container: server?.container })
  if (server === undefined) {
    await failAll(record, [...inside, ...commands])
    return { results: record.results, runtime }
  }
  await using kernels = sharedKernels(server.connection)
  let menu: Promise<KernelMenu> | undefined
  const context: ServerContext = { job, server, kernels, menu: () => (menu ??= kernelMenu(server.connection)) }
  await recordAll(record, inside, context)
  const commandContext: CommandContext = { container: server.container, signal: job.signal }
  await recordAll(record, commands, commandContext)
  return { results: record.results, runtime }
}

async function runtimeFor(image: RunnableImage, job: CheckJob): Promise<Runtime> {
  const able = await canRun(job.host, image.platform)
  if (able === true) return await job.runtime()
  throw new Failure("cannot", `Cannot check ${image.name}: ${able.no}`, { hint: able.hint })
}

async function recordAll<C>(record: Recorder, checks: readonly Check<C>[], context: C): Promise<void> {
  for (const { name, kind, run } of checks) await record.record({ name, kind, run: () => run(context) })
}

async function failAll(record: Recorder, checks: readonly Pick<Check<never>, "name" | "kind">[]): Promise<void> {
  const verdict = { passed: false, message: "could not be run: the server did not start" }
  for (const { name, kind } of checks) await record.record({ name, kind, run: async () => verdict })
}

function lineReporter(image: RunnableImage, { report }: CheckJob, phase: "unpack" | "check"): (line: string) => void {
  return (line) => report({ kind: "output", image: image.name, platform: image.platform, phase, line })
}

function reportOf(image: RunnableImage, spec: CheckSpec, { results, runtime }: Outcome): CheckReport {
  const { digest } = image.location
  return {
    version: 1,
    key: checkKeyOf(digest, spec),
    image: digest,
    ...(runtime === undefined ? {} : { runtime: runtime.name }),
    profile: spec.profile,
    results,
    passed: results.filter(({ status }) => status === "passed").length,
    failed: results.filter(({ status }) => status === "failed").length,
  }
}
