import { Failure, isFailure } from "../../../failure.ts"
import { hasher, partsOf, type Digest } from "../../digest.ts"
import { discard } from "./body.ts"
import { networkFailure } from "./failures.ts"
import { pause } from "./pause.ts"
import { named, repositoryAt } from "./places.ts"
import { pullScope, type Scope } from "./scope.ts"
import type { Call, Open, Transport } from "./transport.ts"

/** True if a registry has a blob, by a HEAD request. With `scopes`, asked with the rights that an upload will need. */
export async function hasBlob(
  transport: Transport,
  repository: string,
  { digest, scopes }: { readonly digest: Digest; readonly scopes?: readonly Scope[] },
): Promise<boolean> {
  const { endpoint } = transport.context
  const whole = repositoryAt(endpoint, repository)
  const call: Call = {
    method: "HEAD",
    url: `/v2/${whole}/blobs/${digest}`,
    scopes: scopes ?? [pullScope(whole)],
    doing: `look for a blob in ${endpoint.host}/${whole}`,
  }
  const answer = await transport.fetch(call, 0)
  if (answer.status === 200) return true
  if (answer.status === 404) return false
  throw await transport.refused(call, answer)
}

/** Broken downloads that are taken up again: with little in between, and with nothing. */
const bounds = { breaks: 20, idle: 4, much: 16 * 1024 ** 2, bytes: 64 * 1024 ** 3 } as const

/**
 * A blob, or the part `[first, last]` of it. A download that breaks is taken up where it broke; a registry that
 * knows no ranges is read from the start again. The whole of a blob is hashed on the way, and fails with `cannot` at
 * its end when its digest is another.
 */
export async function* readBlob(
  transport: Transport,
  repository: string,
  { digest, range }: { readonly digest: Digest; readonly range?: readonly [number, number] | undefined },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { endpoint, signal } = transport.context
  const whole = repositoryAt(endpoint, repository)
  const name = named(endpoint, whole, digest)
  checkRange(range)
  const hash = range === undefined ? hasher(partsOf(digest).algorithm) : undefined
  const end = range === undefined ? undefined : range[1] + 1
  let at = range?.[0] ?? 0

  using _place = await transport.downloads.acquire(signal)
  for (let breaks = 0, idle = 0; ; breaks += 1, idle += 1) {
    const started = at
    try {
      const body = await openAt(transport, { whole, digest, at, end })
      for await (const chunk of body.chunks) {
        hash?.update(chunk)
        at += chunk.length
        if (at > bounds.bytes) throw new Failure("cannot", `${name} is over ${bounds.bytes} bytes`)
        yield chunk
      }
      if (body.until !== undefined && at < body.until) throw shortened()
      break
    } catch (error) {
      signal?.throwIfAborted()
      const problem = isFailure(error) ? undefined : networkFailure(endpoint, `read ${name}`, error)
      if (at > started) idle = 0
      if (at - started >= bounds.much) breaks = 0
      if (problem === undefined) throw error
      if (problem.again === "no" || breaks >= bounds.breaks || idle >= bounds.idle) throw problem.failure
      await pause(transport.context, idle)
    }
  }
  if (hash !== undefined && hash.digest() !== digest) {
    throw new Failure("cannot", `${endpoint.host} sent other bytes than ${name}`, {
      hint: "Its copy, or a cache before it, is damaged: push the image again",
    })
  }
}

function checkRange(range: readonly [number, number] | undefined): void {
  if (range === undefined) return
  const [first, last] = range
  const sound = Number.isSafeInteger(first) && Number.isSafeInteger(last) && first >= 0 && last >= first
  if (!sound) throw new RangeError(`[${first}, ${last}] is no range of bytes`)
}

type Wanted = { readonly whole: string; readonly digest: Digest; readonly at: number; readonly end: number | undefined }

/** The bytes of a blob from `at` to before `end`, and where they should end, if the registry says. */
async function openAt(
  transport: Transport,
  { whole, digest, at, end }: Wanted,
): Promise<{ readonly chunks: AsyncIterable<Uint8Array>; readonly until: number | undefined }> {
  const { endpoint } = transport.context
  const partial = at > 0 || end !== undefined
  const call: Call = {
    method: "GET",
    url: `/v2/${whole}/blobs/${digest}`,
    scopes: [pullScope(whole)],
    doing: `read ${named(endpoint, whole, digest)}`,
    headers: partial ? { range: `bytes=${at}-${end === undefined ? "" : end - 1}` } : {},
  }
  const answer = await transport.open(call)
  const length = lengthOf(answer)
  if (answer.status === 200) {
    const size = length ?? end
    return { chunks: slice(answer.body, at, end), until: size === undefined ? undefined : Math.min(size, end ?? size) }
  }
  if (answer.status === 206 && partial) {
    const [, from, to] = /^bytes (\d+)-(\d+)\//.exec(answer.headers["content-range"] ?? "") ?? []
    if (Number(from) === at && (end === undefined || Number(to) < end)) {
      return { chunks: answer.body, until: end ?? Number(to) + 1 }
    }
    await discard(answer)
    throw new Failure(
      "cannot",
      `${endpoint.host} answered another range of ${named(endpoint, whole, digest)} than asked`,
    )
  }
  if (answer.status === 416 && at > 0 && end === undefined) {
    // All was there when the connection broke, or the digest will tell.
    await discard(answer)
    return { chunks: nothing(), until: undefined }
  }
  if (answer.status === 404) {
    await discard(answer)
    throw new Failure("cannot", `There is no ${named(endpoint, whole, digest)}`)
  }
  throw await transport.refused(call, answer)
}

function lengthOf(answer: Open): number | undefined {
  const text = answer.headers["content-length"]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** The bytes from `at` to before `end` of a stream that starts at 0. */
async function* slice(
  chunks: AsyncIterable<Uint8Array>,
  at: number,
  end: number | undefined,
): AsyncIterable<Uint8Array> {
  let position = 0
  for await (const chunk of chunks) {
    const from = Math.max(0, at - position)
    const to = end === undefined ? chunk.length : Math.min(chunk.length, end - position)
    position += chunk.length
    if (from < to) yield chunk.subarray(from, to)
    if (end !== undefined && position >= end) return
  }
}

function shortened(): Error {
  return Object.assign(new Error("the answer ended early"), { code: "ECONNRESET" })
}

async function* nothing(): AsyncIterable<Uint8Array> {
  // An empty rest.
}
