import type { Headers } from "../../../host/http.ts"

/** Tries of one request in all, and the bounds of the pause between two, in milliseconds. */
export const patience = { tries: 6, refusedTries: 3, first: 500, longest: 30_000, longestAsked: 120_000 } as const

/** Statuses after which the same request may succeed. */
export function isTemporary(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505)
}

/**
 * Milliseconds to wait after a failed try, the first of which is 0: twice as long each time, at random between a
 * half and the whole, so that clients that failed together do not come back together. `chance` is in [0, 1).
 */
export function pauseAfter(tried: number, chance: number): number {
  const whole = Math.min(patience.longest, patience.first * 2 ** Math.min(tried, 16))
  return Math.round(whole / 2 + (whole / 2) * chance)
}

/** `Retry-After` in milliseconds from `now`: seconds or an HTTP date (RFC 9110, 10.2.3); `undefined` if it says nothing. */
export function retryAfter(headers: Headers, now: Date): number | undefined {
  const text = headers["retry-after"]?.trim()
  if (text === undefined || text === "") return undefined
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER)
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime())
}
