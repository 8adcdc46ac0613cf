/** What a check found about an image. */
export type Verdict = {
  readonly passed: boolean
  /** One sentence. */
  readonly message?: string
  readonly detail?: string
  readonly output?: string
}
