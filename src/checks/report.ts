import { z } from "zod"

const checkKinds = [
  "server",
  "user",
  "environment",
  "system",
  "kernel",
  "import",
  "notebook",
  "path",
  "command",
] as const
export type CheckKind = (typeof checkKinds)[number]

/** What one check found. */
export type CheckResult = {
  /** Unique in its report, such as `import numpy (python3)`. */
  readonly name: string
  readonly kind: CheckKind
  /** `not-run` only for what was declared as `later`. */
  readonly status: "passed" | "failed" | "not-run"
  readonly milliseconds: number
  /** One sentence. */
  readonly message?: string | undefined
  /** A traceback, or the last lines of a log. */
  readonly detail?: string | undefined
  /** What a command printed, its last 16 KiB. */
  readonly output?: string | undefined
}

/** The outcome of an image's checks, as it is kept as evidence. */
export type CheckReport = {
  readonly version: 1
  /** The check key: 64 hexadecimal digits. */
  readonly key: string
  /** The digest of the platform manifest. */
  readonly image: string
  /** Absent when there was nothing to run. */
  readonly runtime?: string | undefined
  readonly profile: "none" | "jupyter"
  readonly results: readonly CheckResult[]
  readonly passed: number
  readonly failed: number
}

const CheckResult: z.ZodType<CheckResult> = z.object({
  name: z.string(),
  kind: z.enum(checkKinds),
  status: z.enum(["passed", "failed", "not-run"]),
  milliseconds: z.number().nonnegative(),
  message: z.string().optional(),
  detail: z.string().optional(),
  output: z.string().optional(),
})

export const CheckReport: z.ZodType<CheckReport> = z.object({
  version: z.literal(1),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  image: z.string(),
  runtime: z.string().optional(),
  profile: z.enum(["none", "jupyter"]),
  results: z.array(CheckResult),
  passed: z.int().nonnegative(),
  failed: z.int().nonnegative(),
})
