import { Failure } from "../../failure.ts"

/** What headers before a member say about it. */
export type Meta = {
  readonly global: Map<string, Buffer>
  pax: Map<string, Buffer>
  name: string | undefined
  link: string | undefined
}

/** The error for an archive that cannot be read; `what` names it. */
export function broken(what: string, why: string): Failure {
  return new Failure("cannot", `Cannot read ${what}: ${why}`)
}
