import { isFailure } from "../../../failure.ts"
import type { LayoutContext } from "./context.ts"

/** Takes a lease: a lock file of its own, which ends with the process that holds it. */
export async function takeLease({ host, paths }: LayoutContext): Promise<AsyncDisposable> {
  return await host.files.lock(`${paths.leases}/${host.random(8)}`, { timeout: 10_000 })
}

/** When the oldest lease of a running process was taken, in nanoseconds since 1970; undefined without any. Dead ones are removed. */
export async function oldestLease({ host, paths }: LayoutContext): Promise<bigint | undefined> {
  let oldest: bigint | undefined
  for (const { name } of (await host.files.list(paths.leases)) ?? []) {
    if (!/^[0-9a-f]+$/.test(name)) continue
    const path = `${paths.leases}/${name}`
    const taken = (await host.files.stat(path))?.mtime
    if (taken === undefined) continue
    try {
      await using _dead = await host.files.lock(path, { timeout: 20 })
    } catch (error) {
      if (!isFailure(error)) throw error
      if (oldest === undefined || taken < oldest) oldest = taken
    }
  }
  return oldest
}
