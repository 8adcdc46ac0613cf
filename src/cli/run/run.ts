import { runPlan } from "../../build/run-plan.ts"
import { runCommand, startLab, type RunJob } from "../../checks/run.ts"
import { Failure } from "../../failure.ts"
import type { Location } from "../../oci/store/store.ts"
import { slotOf } from "../../plan/key.ts"
import { selectPlatform, selectRows } from "../../plan/select.ts"
import type { Report } from "../../report/event.ts"
import { bring } from "../../build/bring.ts"
import { locationIn } from "../../build/builder.ts"
import { lazyRuntime, openBuilder, runtimeName } from "../builder.ts"
import type { Context } from "../context.ts"
import { loadTree } from "../load-tree.ts"
import { oneRow, platformFor } from "../one-row.ts"
import { exitOf, failuresText } from "../outcomes.ts"
import { logFolder, openReporters } from "../reporters.ts"
import { openSession, think, type Session } from "../session.ts"
import type { RunOptions } from "./flags.ts"

type Options = RunOptions & { readonly row: string; readonly command: readonly string[] }

/** Starts JupyterLab from a row, or a command; what is not built is built first. */
export async function run(context: Context, options: Options): Promise<number> {
  const { io, host, signal } = context
  if (options.port !== undefined && options.port !== 0) await checkPort(context, options.port)
  const whole = await loadTree(context, options)
  const id = oneRow(whole, options.row)
  const tree = selectPlatform(selectRows(whole, { only: [id], except: [] }), options.platform)
  await using session = openSession(context, tree)
  const found = await locate(context, session, { id, options })
  if (typeof found === "number") return found
  // What the server says is not for the terminal; that ~/work cannot be written to is.
  const notes: Report = (event) => {
    if (event.kind === "note") io.err(`${event.level}: ${event.text}\n`)
  }
  const job: RunJob = {
    host,
    runtime: await lazyRuntime(context, session, runtimeName(options.runtime))(),
    folder: context.folder,
    port: options.port === 0 ? undefined : options.port,
    signal,
    report: notes,
  }
  const image = { name: id, location: found }
  const [first, ...rest] = options.command
  if (first !== undefined) {
    // Where stdout goes to a file, what the command prints goes there as it is.
    const tty = io.ask !== undefined && io.outTerminal !== undefined
    return await runCommand(image, [first, ...rest], { ...job, tty })
  }
  io.err(`Starting JupyterLab from ${id} …\n`)
  await using lab = await whileSaying(context, id, () => startLab(image, job))
  io.out(`${lab.link}\n`)
  io.err("This folder is ~/work in it. Ctrl-C stops it.\n")
  const stopped = new Promise<undefined>((resolve) =>
    signal.addEventListener("abort", () => resolve(undefined), { once: true }),
  )
  const ended = await Promise.race([lab.ended, stopped])
  if (ended === undefined) {
    io.err("\nStopped.\n")
    return 130
  }
  return ended.code === 0 ? 0 : 1
}

/** Takes the port for a moment, so that one in use is said before anything is built. */
async function checkPort({ host }: Context, port: number): Promise<void> {
  await using _taken = await host.serve(() => Promise.resolve({ status: 404, headers: {} }), { port })
}

/** Seconds between two lines about something that takes long: the first start unpacks the whole image. */
const patience = 5

/** Says that a row is still starting, so that no long start is silent. */
async function whileSaying<T>({ host, io }: Context, id: string, start: () => Promise<T>): Promise<T> {
  const over = new AbortController()
  const from = host.elapsed()
  const say = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await host.sleep(patience * 1000, over.signal)
      const seconds = Math.round((host.elapsed() - from) / 1000)
      io.err(`Still starting ${id}, ${seconds} s; the first start of an image unpacks it …\n`)
    }
  }
  const saying = say().catch(() => undefined)
  try {
    return await start()
  } finally {
    over.abort()
    await saying
  }
}

/** The row's image in the local store: there, brought, or built now. An exit code if it could not be built. */
async function locate(
  context: Context,
  session: Session,
  { id, options }: { readonly id: string; readonly options: Options },
): Promise<Location | number> {
  const { tree } = session
  const image = tree.images.find((one) => one.id === id)
  const platform = platformFor(context, image?.platforms ?? [])
  if (image === undefined || platform === undefined)
    throw new Failure("cannot", `\`${id}\` has no platform`, { hint: "Give it one with `platforms:` in nbstacks.yaml" })
  const { plan, knowledge, opened } = await thinkLocally(context, session, options)
  await using reporters = await openReporters(context, tree, { cache: session.cache, events: undefined })
  const { builder, reports } = await openBuilder(context, opened, {
    report: reporters.report,
    jobs: undefined,
    runtime: options.runtime,
  })
  const outcomes = await runPlan(builder, { plan, places: knowledge.places, checks: false })
  await reporters[Symbol.asyncDispose]()
  const outcome = outcomes.get(slotOf(id, platform))
  if (outcome?.kind === "done") {
    const from = locationIn(outcome.place, image, outcome.digest)
    return await bring({ ...builder, report: () => undefined }, from, session.local.repositoryOf(image.repository))
  }
  context.io.err(
    `\n${failuresText({ outcomes, reports, logs: logFolder(session.cache), severalPlatforms: false, colors: context.io.colors, ending: "" })}`,
  )
  return exitOf(outcomes)
}

/** What the local store has needs no registry; the registry is asked only for what is missing. */
async function thinkLocally(
  context: Context,
  session: Session,
  { offline }: Options,
): Promise<Awaited<ReturnType<typeof think>> & { readonly opened: Session }> {
  const alone: Session = { ...session, places: [session.local] }
  const local = await think(context, alone, { offline: false, verify: false })
  if (offline === true || local.plan.waves.length === 0 || session.places.length === 1)
    return { ...local, opened: alone }
  return { ...(await think(context, session, { offline: false, verify: false })), opened: session }
}
