import { probeRuntimes } from "../../checks/runtime/pick.ts"
import type { Engine } from "../../engines/engine.ts"
import { isFailure } from "../../failure.ts"
import { configFile } from "../../config/read.ts"
import { join } from "node:path"
import { defaultStoreFolder } from "../../oci/store/layout/folder.ts"
import { openLayout } from "../../oci/store/layout/layout.ts"
import { serveStore } from "../../oci/store/server/serve.ts"
import type { Platform } from "../../oci/platform.ts"
import { loadConfig } from "../../resolve/load.ts"
import { allEngines } from "../builder.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import type { DoctorOptions } from "./flags.ts"
import { sampleStep } from "./samples.ts"
import { doctorText } from "./view.ts"

/** One thing that a machine may have. */
export type Finding = {
  /** Docker is both an engine and a runtime. */
  readonly kind: "engine" | "runtime" | "tool"
  readonly name: string
  readonly what: string
  readonly works: boolean
  /** Why not; or which version there is. */
  readonly detail: string
  readonly hint?: string
  /** The tree of this folder needs it. */
  readonly needed: boolean
}

/** Says what this machine has, and what the tree of this folder lacks here. */
export async function doctor(context: Context, options: DoctorOptions): Promise<number> {
  const { io } = context
  const makes = await neededKinds(context)
  const findings = [
    ...(await Promise.all(allEngines(context.host).flatMap((engine) => engineFindings(context, engine, makes)))),
    ...(await runtimeFindings(context, makes.size > 0)),
    await gitFinding(context),
  ]
  const store = defaultStoreFolder(context.host.env, context.host.machine.home)
  const { machine } = context.host
  const about = {
    platform: `linux/${machine.architecture}`,
    user: machine.uid,
    cores: machine.cores,
    memory: machine.memory,
    store,
  }
  const missing = findings.filter(({ works, needed }) => needed && !works)
  io.out(
    options.json === true
      ? json({ machine: about, findings, missing: missing.map(({ kind, name }) => ({ kind, name })) })
      : doctorText({ about, findings, colors: io.outColors }),
  )
  return missing.length === 0 ? 0 : 1
}

/** Kinds of steps that the tree of this folder has; none where there is no tree. */
async function neededKinds({ host, folder }: Context): Promise<ReadonlySet<string>> {
  if ((await host.files.stat(join(folder, configFile))) === undefined) return new Set()
  try {
    const { config } = await loadConfig(folder, host)
    return new Set(config.rows.map(({ make }) => make.kind))
  } catch (error) {
    // What is wrong with the file is for other commands to say.
    if (isFailure(error)) return new Set()
    throw error
  }
}

const kinds: Readonly<Record<Engine["name"], { kind: "bootstrap" | "dockerfile" | "environment"; what: string }>> = {
  native: { kind: "environment", what: "makes environments" },
  mmdebstrap: { kind: "bootstrap", what: "makes Debian bases" },
  docker: { kind: "dockerfile", what: "executes Dockerfiles" },
}

function engineFindings({ host }: Context, engine: Engine, needed: ReadonlySet<string>): readonly Promise<Finding>[] {
  const { kind, what } = kinds[engine.name]
  const platform: Platform = `linux/${host.machine.architecture}`
  return [
    engine.can(sampleStep(kind), platform).then((answer): Finding => {
      const about = { kind: "engine" as const, name: engine.name, what, needed: needed.has(kind) }
      if (answer === true) return { ...about, works: true, detail: "" }
      return { ...about, works: false, detail: answer.no, hint: answer.hint }
    }),
  ]
}

const installs = {
  docker: "apt-get install docker.io",
  podman: "apt-get install podman runc",
  bubblewrap: "apt-get install bubblewrap",
} as const

async function runtimeFindings({ host, signal }: Context, needed: boolean): Promise<readonly Finding[]> {
  const layout = openLayout(defaultStoreFolder(host.env, host.machine.home), host)
  // Docker and Podman get images from the store over loopback.
  await using server = await serveStore(layout, host, { port: 0 })
  const probed = await probeRuntimes(host, { address: server.address, signal })
  const enough = probed.some(({ works }) => works === true)
  return probed.map(({ name, works }) => ({
    kind: "runtime" as const,
    name,
    what: "runtime",
    works: works === true,
    detail: works === true ? "" : works,
    // One of them is enough.
    needed: needed && !enough,
    ...(works === true || !/not installed/.test(works) ? {} : { hint: installs[name] }),
  }))
}

async function gitFinding({ host }: Context): Promise<Finding> {
  const about = { kind: "tool" as const, name: "git", what: "names releases", needed: false }
  try {
    const { stdout } = await host.run({ argv: ["git", "--version"], timeout: 10_000 })
    return { ...about, works: true, detail: stdout.trim().replace(/^git version /, "") }
  } catch {
    return { ...about, works: false, detail: "not installed", hint: "apt-get install git" }
  }
}
