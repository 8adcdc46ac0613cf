import { isFailure } from "../failure.ts"

/** What a failure says of the thing itself. One that says nothing of it is thrown on: a registry that is away, a login. */
export function sentenceOf(error: unknown): string {
  if (isFailure(error) && error.code !== "temporary" && error.code !== "credentials") return error.message
  throw error
}
