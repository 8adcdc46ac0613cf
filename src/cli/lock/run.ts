import { hashUrl } from "../../engines/docker/downloads.ts"
import { resolveDebian } from "../../engines/mmdebstrap/resolve.ts"
import { Failure } from "../../failure.ts"
import type { Outside } from "../../lock/ask.ts"
import { lockFile } from "../../lock/lock.ts"
import { writeLock } from "../../lock/write-lock.ts"
import { resolveReference } from "../../oci/resolve.ts"
import { loadConfig, renewLock } from "../../resolve/load.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import type { LockOptions } from "./flags.ts"
import { movedText } from "./view.ts"

/** Writes `nbstacks.lock`, and says what moved. */
export async function lock(context: Context, options: LockOptions): Promise<number> {
  const { io, host, folder, signal } = context
  const loaded = await loadConfig(folder, host)
  const { config } = loaded
  const placed =
    options.registry === undefined ? loaded : { ...loaded, config: { ...config, registry: options.registry } }
  if (options.upgrade === true) io.err("Asking what is current …\n")
  const { lock: renewed, moved } = await renewLock(placed, host, {
    outside: outside(context),
    upgrade: options.upgrade === true,
    date: host.now().toISOString().slice(0, 10),
    signal,
  })
  io.out(options.json === true ? json({ moved }) : movedText(moved, io.outColors))
  if (options.check === true) {
    if (moved.length > 0) throw new Failure("no", `${lockFile} is not up to date`, { hint: "Run `nbstacks lock`" })
    io.err(`${lockFile} is up to date.\n`)
    return 0
  }
  if (options.dryRun === true) {
    io.err("This was a dry run: nothing was written.\n")
    return 0
  }
  const wrote = await writeLock(folder, renewed, host)
  io.err(wrote ? `Wrote ${lockFile}. Commit it.\n` : `${lockFile} is up to date.\n`)
  return 0
}

/** Who is asked what a lock lacks: registries, apt's mirrors, and URLs. */
function outside({ host }: Context): Outside {
  return {
    resolveImage: (reference, platforms, signal) => resolveReference(reference, platforms, host, { signal }),
    resolveDebian: (request, signal) => resolveDebian(request, host, signal),
    hashUrl: (url, signal) => hashUrl(url, host, signal),
  }
}
