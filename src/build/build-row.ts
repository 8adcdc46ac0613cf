import { Failure } from "../failure.ts"
import type { Engine, Job } from "../engines/engine.ts"
import { graft } from "../oci/graft.ts"
import type { Descriptor } from "../oci/descriptor.ts"
import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import type { Location } from "../oci/store/store.ts"
import type { Step } from "../tree/step.ts"
import type { Image } from "../tree/tree.ts"
import { bring } from "./bring.ts"
import { destination, type Builder } from "./builder.ts"
import { contentOpener } from "./content.ts"
import { secretReader } from "./secrets.ts"

export type RowJob = {
  readonly image: Image
  readonly platform: Platform
  /** In the local store; undefined for a `bootstrap`. */
  readonly parent: Location | undefined
  /** Rows that a Dockerfile copies from, by row. */
  readonly uses: ReadonlyMap<string, Location>
  /** Told each new blob of the row that is in the local store before the row is. */
  readonly onBlob?: ((blob: Descriptor) => void) | undefined
}

/** Makes a row on a platform in the local store, step by step, each on the result of the one before. */
export async function buildRow(builder: Builder, row: RowJob): Promise<Digest> {
  const { image, platform } = row
  let current = row.parent
  for (const step of image.steps[platform] ?? []) current = await executeStep(builder, row, { step, parent: current })
  if (current === undefined) throw new Error(`${image.id} has no parent and no step`)
  const into = destination(builder, image)
  // A row that adds nothing is its parent, under a name of its own.
  if (current.repository !== into.repository) await bring(builder, current, into.repository)
  return current.digest
}

async function executeStep(
  builder: Builder,
  { image, platform, uses, onBlob }: RowJob,
  { step, parent }: { readonly step: Step; readonly parent: Location | undefined },
): Promise<Location> {
  const engine = await engineFor(builder.engines, step, platform)
  const into = destination(builder, image)
  const job: Job = {
    image: image.id,
    platform,
    ...(parent === undefined ? {} : { parent }),
    into,
    ...(engine.exchange === "registry" ? { address: await builder.serve() } : {}),
    rows: step.kind === "dockerfile" ? rowsOf(step.rows, uses) : {},
    open: contentOpener(builder.tree, builder.host),
    secret: secretReader(builder.tree, builder.host),
    signal: builder.signal,
    report: builder.report,
    onBlob,
  }
  builder.signal.throwIfAborted()
  const digest = await engine.execute(step, job)
  const result = { ...into, digest }
  return engine.exchange === "registry" ? { ...into, digest: await graft(parent, result, into) } : result
}

function rowsOf(
  rows: Readonly<Record<string, string>>,
  uses: ReadonlyMap<string, Location>,
): Readonly<Record<string, Location>> {
  return Object.fromEntries(
    Object.entries(rows).map(([written, id]) => {
      const location = uses.get(id)
      if (location === undefined) throw new Error(`${id} was not built before it was copied from`)
      return [written, location]
    }),
  )
}

/** Which engine makes which kind of step. */
const made: Readonly<Record<Step["kind"], Engine["name"]>> = {
  bootstrap: "mmdebstrap",
  dockerfile: "docker",
  pypi: "native",
  files: "native",
  config: "native",
}

/** The first engine that can execute a step. Fails with `cannot`, with each engine's own reason. */
export async function engineFor(engines: readonly Engine[], step: Step, platform: Platform): Promise<Engine> {
  const reasons: string[] = []
  let hint: string | undefined
  // An engine that never does this kind has nothing to say about this machine.
  const meant = engines.filter(({ name }) => name === made[step.kind])
  for (const engine of meant.length > 0 ? meant : engines) {
    const answer = await engine.can(step, platform)
    if (answer === true) return engine
    reasons.push(answer.no)
    hint = answer.hint
  }
  throw new Failure(
    "cannot",
    `Nothing here can execute a \`${step.kind}\` for ${platform}: ${reasons.join("; ")}`,
    hint === undefined ? {} : { hint },
  )
}
