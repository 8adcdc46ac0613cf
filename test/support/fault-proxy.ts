import type { Host } from "../../src/host/host.ts"
import type { Headers, Response, ServerRequest, ServerResponse } from "../../src/host/http.ts"

/** What happens to a request on its way. */
type Fault =
  /** Answered here. */
  | {
      readonly kind: "answer"
      readonly status: number
      readonly headers?: Headers
      readonly body?: string | Uint8Array
    }
  /** The connection is cut without an answer, but not for HEAD, which a server cannot do here; with `forwarded`, after the registry did what was asked. */
  | { readonly kind: "drop"; readonly forwarded?: boolean }
  /** The answer is cut after so many bytes of its body. */
  | { readonly kind: "truncate"; readonly after: number }
  /** Another byte in the body, or another digest in the headers. */
  | { readonly kind: "corrupt"; readonly part: "body" | "digest" }
  /** Forwarded with some headers taken away or replaced, and its answer likewise. */
  | { readonly kind: "headers"; readonly request?: Partial<Headers>; readonly response?: Partial<Headers> }

/** What others do meanwhile: before the request reaches the registry, or before its answer reaches the client. */
type Meanwhile = {
  readonly kind: "meanwhile"
  readonly before?: () => Promise<unknown>
  readonly after?: () => Promise<unknown>
}

type Seen = { readonly method: string; readonly target: string; readonly headers: Headers }

export type FaultProxy = AsyncDisposable & {
  readonly address: string
  /** Every request that came, in order. */
  readonly seen: readonly Seen[]
  /** Decides for each request; none passes through as it is. `time` counts those with the same method and target from 0. */
  fault: (request: Seen, time: number) => Fault | Meanwhile | undefined
  /** The most requests that were under way at one time. */
  readonly most: number
}

/** A server between a client and an upstream `host:port` that breaks what it is told to break, over real HTTP. */
export async function startFaultProxy(host: Host, upstream: string): Promise<FaultProxy> {
  const seen: Seen[] = []
  const times = new Map<string, number>()
  const state: { fault: FaultProxy["fault"] } = { fault: () => undefined }

  const forward = (request: ServerRequest, changed: Partial<Headers> = {}): Promise<Response> => {
    const { connection: _, ...headers } = definedOnly({ ...request.headers, ...changed })
    const bodyless = request.method === "GET" || request.method === "HEAD"
    return host.http({
      method: request.method,
      url: `http://${upstream}${request.target}`,
      headers,
      signal: request.signal,
      ...(bodyless ? {} : { body: request.body }),
    })
  }
  let underWay = 0
  let most = 0
  const counted = async (request: ServerRequest): Promise<ServerResponse> => {
    underWay += 1
    most = Math.max(most, underWay)
    try {
      return await handle(request)
    } finally {
      underWay -= 1
    }
  }
  const handle = async (request: ServerRequest): Promise<ServerResponse> => {
    const { method, target, headers } = request
    seen.push({ method, target, headers })
    const time = times.get(`${method} ${target}`) ?? 0
    times.set(`${method} ${target}`, time + 1)
    const fault = state.fault({ method, target, headers }, time)
    if (fault?.kind === "answer") return { status: fault.status, headers: fault.headers ?? {}, body: fault.body ?? "" }
    if (fault?.kind === "drop" && fault.forwarded !== true) return cut()
    if (fault?.kind === "meanwhile") await fault.before?.()
    const answer = await forward(request, fault?.kind === "headers" ? fault.request : {})
    if (fault?.kind === "drop") {
      for await (const _ of answer.body);
      return cut()
    }
    if (fault?.kind === "meanwhile") await fault.after?.()
    return apply(answer, fault?.kind === "meanwhile" ? undefined : fault)
  }
  const server = await host.serve(counted, { port: 0 })
  return {
    address: `127.0.0.1:${server.port}`,
    seen,
    get most() {
      return most
    },
    get fault() {
      return state.fault
    },
    set fault(decide) {
      state.fault = decide
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** An answer whose body fails before its headers have left: the connection ends without one. */
function cut(): ServerResponse {
  return { status: 200, headers: { "content-length": "100" }, body: failing(new Uint8Array()) }
}

async function* failing(first: Uint8Array): AsyncIterable<Uint8Array> {
  if (first.length > 0) yield first
  throw new Error("cut")
}

function apply(answer: Response, fault: Fault | undefined): ServerResponse {
  const { connection: _, "transfer-encoding": __, ...headers } = answer.headers
  if (fault?.kind === "truncate") return { status: answer.status, headers, body: truncated(answer.body, fault.after) }
  if (fault?.kind === "corrupt" && fault.part === "body")
    return { status: answer.status, headers, body: corrupted(answer.body) }
  if (fault?.kind === "corrupt") {
    return {
      status: answer.status,
      headers: { ...headers, "docker-content-digest": `sha256:${"0".repeat(64)}` },
      body: answer.body,
    }
  }
  const changed = fault?.kind === "headers" ? definedOnly({ ...headers, ...fault.response }) : headers
  return { status: answer.status, headers: changed, body: answer.body }
}

async function* truncated(body: AsyncIterable<Uint8Array>, after: number): AsyncIterable<Uint8Array> {
  let size = 0
  for await (const chunk of body) {
    const part = chunk.subarray(0, after - size)
    size += part.length
    if (part.length > 0) yield part
    if (size >= after) {
      // What is written has to leave before the connection is cut.
      await new Promise((resolve) => setTimeout(resolve, 20))
      throw new Error("cut")
    }
  }
}

async function* corrupted(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let first = true
  for await (const chunk of body) {
    const bytes = Uint8Array.from(chunk)
    if (first && bytes.length > 0) bytes[0] = (bytes[0] ?? 0) ^ 1
    first = false
    yield bytes
  }
}

function definedOnly(headers: Readonly<Record<string, string | undefined>>): Headers {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
