import { join } from "node:path"
import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import type { Digest } from "../../oci/digest.ts"
import { appendLayers, emptyImage, requireLayerCount, withConfig, type Layer } from "../../oci/image.ts"
import { writeImage } from "../../oci/write-image.ts"
import type { BootstrapStep } from "../../tree/step.ts"
import type { Engine, Job } from "../engine.ts"
import { makeWorkFolder } from "../work-folder.ts"
import { additionsFor, type ExtraFile } from "./additions.ts"
import { bootstrap } from "./bootstrap.ts"
import { bootstrapFailure, goneFailure } from "./failures.ts"
import { readHostApt, type HostApt } from "./host-apt.ts"
import { writeLayerFile } from "./layer.ts"
import { layerTar } from "./members.ts"
import { missingFromMirrors } from "./missing.ts"
import { requireLocked, requireSuite } from "./names.ts"
import { refuse } from "./refuse.ts"
import { runConfigOf } from "./run-config.ts"
import { keyringsOf, renderSources, withoutCredentials } from "./sources.ts"
import { ownersOf, splitRoot } from "./split.ts"
import { differences, installedOf } from "./status.ts"
import { survey, type Survey } from "./survey.ts"

export type MmdebstrapHost = Pick<Host, "files" | "run" | "start" | "sleep" | "env" | "machine">

/**
 * Makes the root of a tree from Debian packages with mmdebstrap: for `bootstrap` steps, on the host's own platform,
 * as root or in a user namespace. The sources, keys and proxies are those of the host's apt; what is installed is
 * what is locked, nothing else. The same lock and sources give the same bytes on one version of this program.
 */
export function mmdebstrapEngine(host: MmdebstrapHost): Engine {
  return {
    name: "mmdebstrap",
    exchange: "in-process",
    async can(step, platform) {
      if (step.kind !== "bootstrap")
        return { no: `mmdebstrap makes roots, no \`${step.kind}\``, hint: "Another engine has to do this" }
      return (await refuse(platform, host)) ?? true
    },
    async execute(step, job) {
      if (step.kind !== "bootstrap") throw new Error(`mmdebstrap was given a ${step.kind}`)
      const folder = await makeWorkFolder("bootstrap", host)
      try {
        // Others may pass, not look around: the root is in here, and apt's own user has to reach it.
        await host.files.setMode(folder, 0o711)
        return await make(step, { job, folder, host })
      } finally {
        await host.files.remove(folder)
      }
    },
  }
}

type Making = { readonly job: Job; readonly folder: string; readonly host: MmdebstrapHost }

async function make(step: BootstrapStep, { job, folder, host }: Making): Promise<Digest> {
  requireSuite(step.suite)
  requireLocked(step.locked)
  if (step.locked.length === 0)
    throw new Failure("cannot", `No Debian packages are locked for \`${job.image}\``, { hint: "Run `nbstacks lock`" })
  const apt = await readHostApt(host, step.suite, job.signal)
  const tar = join(folder, "private", "root.tar")
  await install(step, { apt, job, folder, host })
  const root = await survey(tar, host)
  requireLockedSet(step, job.image, root)
  const additions = additionsFor(root, await extraFiles(step.suite, apt, host))
  const headers = [...root.headers, ...additions.map(({ header }) => header)]
  const owners = ownersOf(root.texts, root.headers)
  const layers: Layer[] = []
  for (const [at, paths] of splitRoot({ headers, owners, budget: step.budget }).entries()) {
    const archive = layerTar(tar, { additions, belongs: ({ path }) => paths.has(path) }, host)
    const createdBy = `nbstacks bootstrap ${step.suite}`
    layers.push(
      await writeLayerFile(archive, { path: join(folder, `${at}.tar.gz`), createdBy, signal: job.signal }, host),
    )
  }
  const image = withConfig(appendLayers(emptyImage(job.platform), layers), () => runConfigOf(step.locked))
  requireLayerCount(image, job.image)
  return (await writeImage(image, { ...job.into, signal: job.signal })).digest
}

async function install(
  step: BootstrapStep,
  { apt, job, folder, host }: Making & { readonly apt: HostApt },
): Promise<void> {
  const { image, platform, signal } = job
  const onLine = (line: string): void => job.report({ kind: "output", image, platform, phase: "build", line })
  const places = { folder: join(folder, "private"), scratch: join(folder, "scratch") }
  for (const [path, mode] of [
    [places.folder, 0o700],
    [places.scratch, 0o711],
  ] as const) {
    await host.files.makeDirectory(path)
    await host.files.setMode(path, mode)
  }
  const { code, tail } = await bootstrap({ apt, locked: step.locked, ...places, signal, onLine }, host)
  if (code === 0) return
  // apt names what it misses in many ways; asking the mirrors is certain.
  const missing = await missingFromMirrors(apt, step.locked, { host, signal })
  throw missing.length > 0 ? goneFailure(image, missing) : bootstrapFailure(image, { locked: step.locked, tail })
}

function requireLockedSet(step: BootstrapStep, image: string, root: Survey): void {
  const status = root.texts.get("var/lib/dpkg/status")?.toString("utf8") ?? ""
  const wrong = differences(step.locked, installedOf(status))
  if (wrong.length === 0) return
  throw new Failure("no", `What was installed for \`${image}\` is not what is locked`, {
    detail: wrong.slice(0, 20).join("\n"),
    hint: "Run `nbstacks lock --upgrade`",
  })
}

/** What apt inside the image needs so that children can install more: the sources, and keys that no package brings. */
async function extraFiles(suite: string, apt: HostApt, host: MmdebstrapHost): Promise<readonly ExtraFile[]> {
  const files: ExtraFile[] = [
    {
      path: `etc/apt/sources.list.d/${suite}.sources`,
      bytes: Buffer.from(renderSources(withoutCredentials(apt.sources))),
    },
  ]
  for (const path of keyringsOf(apt.sources))
    if ((await host.files.stat(path)) !== undefined)
      files.push({ path: path.replace(/^\/+/, ""), bytes: Buffer.from(await host.files.read(path)) })
  return files
}
