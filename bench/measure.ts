/** One line of the table. */
export type Measured = {
  readonly name: string
  /** The median of several runs, in seconds of wall time. */
  readonly seconds: number
  readonly facts: Readonly<Record<string, number | string>>
}

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
