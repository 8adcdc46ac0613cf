import { pauseAfter } from "./backoff.ts"
import type { Context } from "./context.ts"

/**
 * Waits after a failed try, the first of which is 0, and as long as the registry asked for, in milliseconds. An abort
 * rejects with the signal's reason.
 */
export async function pause({ host, signal }: Context, tried: number, asked = 0): Promise<void> {
  const chance = parseInt(host.random(4), 16) / 2 ** 32
  try {
    await host.sleep(Math.max(pauseAfter(tried, chance), asked), signal)
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
