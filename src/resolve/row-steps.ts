import type { Row } from "../config/row.ts"
import { readEnvironment, type Environment } from "../environment/read-environment.ts"
import type { Platform } from "../oci/platform.ts"
import type { Content } from "./content.ts"
import { dockerfileStep, type DockerfileInput, type Shared } from "./dockerfile-step.ts"
import { filesSteps } from "./row-files.ts"
import type { BootstrapStep, ConfigStep, LayerBudget, PypiStep, Step } from "../tree/step.ts"

/** Rises when the same step on the same parent gives another image. `test/goldens.json` says what each gave. */
export const pypiFormat = 4
/** The same for `config` steps. */
export const configFormat = 1

export type StepsInput = Pick<DockerfileInput, "lock" | "find"> & {
  readonly row: Row
  readonly analyses: Readonly<Record<Platform, DockerfileInput["analysis"]>> | undefined
  readonly shared: Shared & { readonly environments: Map<string, Promise<Environment>> }
}

/** The steps of a row for each of its platforms: how it is made, then `files`, then the rest of its configuration. */
export async function rowSteps(
  content: Content,
  input: StepsInput,
): Promise<Readonly<Record<Platform, readonly Step[]>>> {
  const { row } = input
  const after: readonly Step[] = [...(await filesSteps(content, row.files)), ...configSteps(row)]
  const environment = row.make.kind === "environment" ? await pypiStep(content, input) : undefined
  const steps: Record<Platform, readonly Step[]> = {}
  for (const platform of row.platforms) {
    const made = environment ?? (await makeStep(content, input, platform))
    steps[platform] = made === undefined ? after : [made, ...after]
  }
  return steps
}

async function makeStep(content: Content, input: StepsInput, platform: Platform): Promise<Step | undefined> {
  const { row, analyses } = input
  const { make } = row
  if (make.kind === "bootstrap") return bootstrapStep(input, platform)
  const analysis = analyses?.[platform]
  return make.kind === "dockerfile" && analysis !== undefined
    ? dockerfileStep(content, { ...input, make, platform, analysis })
    : undefined
}

function layerBudget({ budget }: Row): LayerBudget {
  return { layer: budget.layer, layers: budget.layers }
}

function bootstrapStep({ row, lock }: StepsInput, platform: Platform): BootstrapStep | undefined {
  if (row.make.kind !== "bootstrap") return undefined
  const versions = lock.debian[row.id]?.[platform] ?? {}
  return {
    kind: "bootstrap",
    format: 2,
    suite: row.make.suite,
    packages: [...new Set(row.make.packages)].sort(),
    locked: Object.entries(versions)
      .map(([name, version]) => ({ name, version }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    budget: layerBudget(row),
  }
}

async function pypiStep(content: Content, { row, shared }: StepsInput): Promise<PypiStep | undefined> {
  if (row.make.kind !== "environment") return undefined
  const { folders, bytecode, compression, replace } = row.make
  const key = JSON.stringify(folders)
  const reading = shared.environments.get(key) ?? readEnvironment(content.view, folders)
  shared.environments.set(key, reading)
  const { requirements, problems } = await reading
  content.problems.push(...problems)
  return {
    kind: "pypi",
    format: pypiFormat,
    requirements,
    ...(replace ? { replace } : {}),
    bytecode,
    compression,
    budget: layerBudget(row),
  }
}

/** A step only where something is set: an image without one is its parent's. */
function configSteps({ env, labels, user, workdir, entrypoint, command }: Row): readonly ConfigStep[] {
  const set = [user, workdir, entrypoint, command].some((field) => field !== undefined)
  if (!set && Object.keys(env).length === 0 && Object.keys(labels).length === 0) return []
  return [
    {
      kind: "config",
      format: configFormat,
      env,
      labels,
      ...(user === undefined ? {} : { user }),
      ...(workdir === undefined ? {} : { workdir }),
      ...(entrypoint === undefined ? {} : { entrypoint }),
      ...(command === undefined ? {} : { command }),
    },
  ]
}
