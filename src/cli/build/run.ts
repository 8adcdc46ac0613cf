import type { Done } from "../../build/outcome.ts"
import { isDone } from "../../build/outcome.ts"
import { runPlan, type PlanRun } from "../../build/run-plan.ts"
import { bring } from "../../build/bring.ts"
import { destination, locationIn, type Builder } from "../../build/builder.ts"
import { openStore } from "../../oci/store/open.ts"
import type { Digest } from "../../oci/digest.ts"
import { writeIndex } from "../../oci/write-image.ts"
import { lastCommits } from "../../git/git.ts"
import type { Slot } from "../../plan/key.ts"
import { rowsNamed, selectPlatform, selectRows } from "../../plan/select.ts"
import { copyEvidence, openPush, sendEarly, sendPlatform } from "../../release/push.ts"
import { parallel } from "../../parallel.ts"
import { count, duration } from "../../report/format.ts"
import { registryPlace, type Place } from "../../state/place.ts"
import type { Image, Tree } from "../../tree/tree.ts"
import { openBuilder } from "../builder.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import { loadTree } from "../load-tree.ts"
import { failuresJson, failuresText, exitOf } from "../outcomes.ts"
import { changedPaths } from "../plan/reason.ts"
import { allReasons, planText } from "../plan/view.ts"
import { logFolder, openReporters } from "../reporters.ts"
import { readPlan } from "../saved-plan.ts"
import { openSession, registryReference, think, type Session } from "../session.ts"
import type { BuildOptions } from "./flags.ts"

/** Builds rows into the local store. */
export async function build(
  context: Context,
  options: BuildOptions & { readonly rows: readonly string[] },
): Promise<number> {
  const { io, host, signal } = context
  const start = host.elapsed()
  const whole = await loadTree(context, options)
  const only = [...options.rows, ...(options.only ?? [])]
  const tree = selectPlatform(selectRows(whole, { only, except: options.except ?? [] }), options.platform)
  await using session = openSession(context, tree)
  const places = options.offline === true ? [session.local] : session.places
  const thought = await think(context, session, { offline: false, verify: false, places })
  const plan = options.plan === undefined ? thought.plan : await readPlan(context, session, options.plan)
  const severalPlatforms = new Set(tree.images.flatMap(({ platforms }) => platforms)).size > 1
  if (options.dryRun === true) {
    io.out(
      options.json === true
        ? json(plan)
        : planText({
            plan,
            commits: await lastCommits(context.folder, changedPaths(allReasons(plan)), host),
            severalPlatforms,
            colors: io.outColors,
          }),
    )
    return 0
  }
  await using reporters = await openReporters(context, tree, { cache: session.cache, events: options.events })
  const opened = { ...session, places }
  const { builder, reports } = await openBuilder(context, opened, { report: reporters.report, jobs: options.jobs })
  const place =
    options.to === undefined
      ? undefined
      : registryPlace(openStore(registryReference(options.to, context.folder), host, { signal }), tree)
  const sender =
    place === undefined
      ? undefined
      : openSender(place, { session, context, before: thought.knowledge.before, report: reporters.report })
  const outcomes = await runPlan(builder, {
    plan,
    places: thought.knowledge.places,
    checks: false,
    ...(sender === undefined ? {} : { onDone: sender.send, onBlob: sender.early }),
  })
  const done = [...outcomes.values()].filter(isDone)
  if (sender === undefined) await bringAll(builder, done, asked(tree, only))
  else await sender.finish(done)
  await reporters[Symbol.asyncDispose]()
  const where = place ?? session.local
  if (options.json === true)
    io.out(
      json({ images: done.map((one) => imageJson(one, tree.images, where)), failed: failuresJson(outcomes, reports) }),
    )
  const ending = "Nothing was pushed or tagged by this."
  const failures = failuresText({
    outcomes,
    reports,
    logs: logFolder(session.cache),
    severalPlatforms,
    colors: io.colors,
    ending,
  })
  if (failures !== "") io.err(`\n${failures}`)
  else io.err(`${summary(done, where, host.elapsed() - start)}\n`)
  return exitOf(outcomes)
}

/** The rows that were asked for by name; all without. */
function asked(tree: Tree, names: readonly string[]): ReadonlySet<string> {
  return new Set(names.length === 0 ? tree.images.map(({ id }) => id) : rowsNamed(tree, names))
}

/** Rows that are only in the registry come to the local store: that is what `build` promises. */
async function bringAll(builder: Builder, done: readonly Done[], ids: ReadonlySet<string>): Promise<void> {
  for (const { image: id, platform, digest, place } of done) {
    const image = builder.tree.images.find((one) => one.id === id)
    if (image === undefined || !ids.has(id)) continue
    await bring(builder, locationIn(place, image, digest), destination(builder, image).repository, {
      image: id,
      platform,
    })
  }
}

type Sending = {
  readonly session: Session
  readonly context: Context
  readonly before: ReadonlyMap<Slot, Digest>
  readonly report: Parameters<typeof openPush>[0]["report"]
}

type Sender = {
  readonly early: NonNullable<PlanRun["onBlob"]>
  readonly send: (done: Done) => void
  /** Comes back when all is there. */
  readonly finish: (done: readonly Done[]) => Promise<void>
}

/** Rows that are sent at the same time. */
const rowsAtOnce = 4

/** Puts images into a registry by digest as soon as they are made. No tag is written: nothing was checked. */
function openSender(target: Place, { session, context, before, report }: Sending): Sender {
  const { tree, keys } = session
  const push = openPush({
    target,
    tree,
    keys,
    before,
    report,
    elapsed: () => context.host.elapsed(),
    signal: context.signal,
  })
  const rows = new Map(tree.images.map((image) => [image.id, image]))
  const sent = new Map<Done, Promise<void>>()
  const send = (done: Done): Promise<void> => {
    const image = rows.get(done.image)
    if (image === undefined) throw new Error(`there is no ${done.image}`)
    const earlier = [...sent.values()].at(-rowsAtOnce)
    const sending = (async () => {
      await earlier?.catch(() => undefined)
      await sendPlatform(push, { image, done }, copyEvidence)
    })()
    // Told by `finish`.
    sending.catch(() => undefined)
    sent.set(done, sending)
    return sending
  }
  return {
    early: ({ image, platform }, blob) => {
      const from = { store: session.local.store, repository: session.local.repositoryOf(image.repository) }
      sendEarly(push, { image, platform, from, blob })
    },
    send: (done) => void send(done),
    async finish(done) {
      await Promise.all(done.map((one) => sent.get(one) ?? send(one)))
      await parallel(tree.images, rowsAtOnce, async (image) => {
        const platforms = done.filter((one) => one.image === image.id)
        if (platforms.length > 0)
          await writeIndex(platforms, { store: target.store, repository: target.repositoryOf(image.repository) })
      })
    },
  }
}

function imageJson(done: Done, images: readonly Image[], place: Place): object {
  const image = images.find(({ id }) => id === done.image)
  return {
    image: done.image,
    platform: done.platform,
    digest: done.digest,
    reference: `${place.store.name}/${place.repositoryOf(image?.repository ?? done.image)}@${done.digest}`,
    built: done.built,
  }
}

function summary(done: readonly Done[], place: Place, milliseconds: number): string {
  const built = done.filter((one) => one.built).length
  const next = done.at(-1)
  const lines = [
    `${count(built, "row")} built, ${done.length - built} reused in ${duration(milliseconds)}, in ${place.store.name}.`,
  ]
  if (next !== undefined) lines.push(`Next: \`nbstacks check ${next.image}\`, \`nbstacks run ${next.image}\``)
  return lines.join("\n")
}
