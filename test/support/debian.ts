import { createHash } from "node:crypto"
import { join } from "node:path"
import type { Job } from "../../src/engines/engine.ts"
import { mmdebstrapEngine } from "../../src/engines/mmdebstrap/engine.ts"
import { resolveDebian } from "../../src/engines/mmdebstrap/resolve.ts"
import type { Host } from "../../src/host/host.ts"
import { copyManifest } from "../../src/oci/copy.ts"
import type { Platform } from "../../src/oci/platform.ts"
import { openLayout, type Layout } from "../../src/oci/store/layout/layout.ts"
import type { Location } from "../../src/oci/store/store.ts"
import type { Event } from "../../src/report/event.ts"
import type { BootstrapStep } from "../../src/tree/step.ts"

/** Rises when the engine gives other bytes, so that what was kept is made again. */
const version = 2

/** A job with nothing to open and no secrets. */
export function plainJob(into: Job["into"], more: Partial<Job> & { readonly events?: Event[] } = {}): Job {
  const { events, ...rest } = more
  return {
    image: "base",
    platform: "linux/amd64",
    into,
    rows: {},
    open: () => {
      throw new Error("nothing to open")
    },
    secret: async (id) => {
      throw new Error(`no secret ${id}`)
    },
    signal: new AbortController().signal,
    report: (event) => void events?.push(event),
    ...rest,
  }
}

/** A step for packages at the versions that the mirrors have now. */
export async function bootstrapStep(
  host: Host,
  packages: readonly string[],
  suite = "bookworm",
): Promise<BootstrapStep> {
  const locked = await resolveDebian({ suite, packages, platform: platformOfHost(host) }, host)
  return { kind: "bootstrap", format: 2, suite, packages, locked, budget: { layer: 800_000_000, layers: 40 } }
}

export function platformOfHost(host: Host): Platform {
  return `linux/${host.machine.architecture}`
}

/**
 * A base with Python and certificates, or other packages, in a store, as `base`. It is made by our own engine, once for the
 * versions that the mirrors have, and kept in the user's cache folder.
 */
export async function debianBase(
  host: Host,
  store: Layout,
  packages: readonly string[] = ["ca-certificates", "python3-venv"],
): Promise<Location> {
  const step = await bootstrapStep(host, packages)
  const hash = createHash("sha256")
    .update(JSON.stringify([version, step.locked]))
    .digest("hex")
    .slice(0, 16)
  const folder = join(host.machine.home, ".cache", "nbstacks-tests", `debian-${hash}`)
  await using _alone = await host.files.lock(`${folder}.lock`, { timeout: 600_000 })
  const kept = openLayout(folder, host)
  const found = await kept.readManifest("base", "made")
  let digest = found?.descriptor.digest
  if (digest === undefined) {
    const into = { store: kept, repository: "base" }
    digest = await mmdebstrapEngine(host).execute(step, plainJob(into, { platform: platformOfHost(host) }))
    await kept.tag("base", "made", digest)
  }
  const to = { store, repository: "base" }
  await copyManifest({ store: kept, repository: "base", digest }, to)
  return { ...to, digest }
}
