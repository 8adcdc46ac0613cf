import { Failure } from "../../../failure.ts"
import { isRepository, isTag } from "../../reference.ts"
import { isDigest } from "../../digest.ts"
import type { Endpoint } from "./endpoint.ts"

/** A repository as the registry knows it: the endpoint's prefix before it. Fails with `cannot` if it is no legal path. */
export function repositoryAt({ prefix }: Endpoint, repository: string): string {
  const whole = prefix === "" ? repository : `${prefix}/${repository}`
  if (isRepository(whole)) return whole
  throw new Failure("cannot", `\`${whole}\` is not a legal repository path`, {
    hint: "At most 255 lower-case letters, digits and single separators (`.`, `_`, `-`), in parts joined by `/`",
  })
}

/** A tag or digest, checked. Fails with `cannot` if it is neither. */
export function checkedReference(reference: string): string {
  if (isTag(reference) || isDigest(reference)) return reference
  throw new Failure("cannot", `\`${reference}\` is neither a legal tag nor a digest`, {
    hint: "A tag has at most 128 letters, digits, `_`, `.` and `-`, and starts with none of the last two",
  })
}

/** `host/repository:tag` or `host/repository@digest`, for people. */
export function named(endpoint: Endpoint, whole: string, reference: string): string {
  return `${endpoint.host}/${whole}${reference.includes(":") ? "@" : ":"}${reference}`
}
