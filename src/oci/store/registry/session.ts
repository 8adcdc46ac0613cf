import { Failure } from "../../../failure.ts"
import type { Descriptor } from "../../descriptor.ts"
import type { Endpoint } from "./endpoint.ts"
import { checkedLocation } from "./redirect.ts"
import type { Answer, Call } from "./transport.ts"

/** An upload that has begun: where its next request goes. */
export type Session = Pick<Call, "url" | "scopes" | "doing"> & {
  /** The fewest bytes that a chunk, but the last, may have. */
  readonly chunk: number
}

/** The bytes of a chunk: what GitHub's registry takes at most in one. */
const usualChunk = 4 * 1024 * 1024
/** The most that is held in memory for one upload. */
const largestChunk = 64 * 1024 * 1024

/** The session that an answer names; `call` is what was asked. Fails with `cannot` when it names none that is allowed. */
export function sessionOf(endpoint: Endpoint, answer: Answer, call: Call): Session {
  const { location } = answer.headers
  if (location === undefined) {
    throw new Failure("cannot", `Cannot ${call.doing}: ${endpoint.host} names no place to upload to`)
  }
  const least = Number(answer.headers["oci-chunk-min-length"] ?? 0) || 0
  if (least > largestChunk) {
    throw new Failure("cannot", `Cannot ${call.doing}: ${endpoint.host} wants chunks of ${least} bytes at least`)
  }
  const url = checkedLocation(endpoint, location, answer.url).href
  return { url, scopes: call.scopes, doing: call.doing, chunk: Math.max(usualChunk, least) }
}

/** Milliseconds without a byte: a registry may copy a large blob to its storage before it answers. */
const settling = 300_000

/** The request that ends an upload. What the registry put into the address, perhaps signed, stays as it is. */
export function finishCall({ url, scopes, doing }: Session, { digest }: Descriptor): Call {
  const address = new URL(url)
  address.search += `${address.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`
  return { method: "PUT", url: address.href, scopes, doing, once: true, timeout: settling }
}
