/** Time and chance. */
export type Clock = {
  /** The wall clock. */
  now(): Date
  /** Milliseconds from an arbitrary start, never backwards. */
  elapsed(): number
  /** Resolves after so many milliseconds, or rejects with the signal's reason. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
  /** So many random bytes in hexadecimal. */
  random(bytes: number): string
}
